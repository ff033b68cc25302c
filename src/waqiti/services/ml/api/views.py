"""What is registered, as operators see it."""

import msgspec

from waqiti.contracts.ml import Champion
from waqiti.contracts.public.models import ChampionFigures, ModelVersion
from waqiti.services.ml.store.champions import Pointer
from waqiti.services.ml.store.models import Model


def version_view(row: Model, pointer: Pointer) -> ModelVersion:
    """Show a version."""
    return ModelVersion(
        model=row.model,
        version=row.version,
        champion=row.version == pointer.version,
        source=row.source,
        sha256=row.sha256,
        fingerprint=row.fingerprint,
        figures=row.figures,
        registered_at=row.registered_at,
        registered_by=row.registered_by,
    )


def figures_view(row: Model, champion: Champion) -> ChampionFigures:
    """Show the figures of the version in force."""
    figures = msgspec.structs.asdict(row.figures)
    return ChampionFigures(**figures, version=row.version, revision=champion.revision, since=champion.since)
