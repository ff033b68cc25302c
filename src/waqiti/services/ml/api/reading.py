"""The routes under /api/model that read, for operators only."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from waqiti.contracts.ml import FRAUD_DETECTION, Artifact
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.models import ChampionChange, ModelMetrics, ModelVersion
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    read_cursor,
    requires_scope,
    write_cursor,
)
from waqiti.foundation.ids import LAST_ID
from waqiti.services.ml.api.views import figures_view, version_view
from waqiti.services.ml.usecases.registry import Registry

VERSIONS_PATH: Final = "/api/model/versions"
_VERSIONS: Final = "model versions"
_HISTORY: Final = "model history"
_LATEST: Final = 2**63 - 1
_FRAUD: Final = "fraud"
_MARKDOWN: Final = "text/markdown"

_operators: Final = [requires_scope("operator")]


def reading_routes(registry: Registry) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""
    return [*_lists(registry), *_of_one(registry)]


def _lists(registry: Registry) -> Sequence[ControllerRouterHandler]:
    @get(VERSIONS_PATH, operation_id="list_model_versions", guards=_operators)
    async def versions(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[ModelVersion]:
        """List what is registered, newest first."""
        position = read_cursor(cursor, of=_VERSIONS)
        found, pointer = await registry.versions(position.id if position else LAST_ID, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = write_cursor(last.registered_at, last.id, of=_VERSIONS) if last else None
        return Page([version_view(row, pointer) for row in found[:limit]], following)

    @get("/api/model/history", operation_id="list_model_history", guards=_operators)
    async def history(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[ChampionChange]:
        """List what came into force, by whom and why, newest first."""
        position = read_cursor(cursor, of=_HISTORY)
        before = min(position.id.int, _LATEST) if position else _LATEST
        found = await registry.history(FRAUD_DETECTION, before, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = write_cursor(last.since, UUID(int=last.revision), of=_HISTORY) if last else None
        return Page(found[:limit], following)

    return [versions, history]


def _of_one(registry: Registry) -> Sequence[ControllerRouterHandler]:
    @get("/api/model/metrics", operation_id="read_model_metrics", guards=_operators)
    async def metrics() -> ModelMetrics:
        """Read how the champion did on its test period."""
        found = await registry.in_force(FRAUD_DETECTION)
        return ModelMetrics({} if found is None else {_FRAUD: figures_view(*found)})

    @get("/api/model/versions/{version:str}/artifact", operation_id="read_model_artifact", guards=_operators)
    async def artifact(version: FromPath[str]) -> Artifact:
        """Read the bytes of a version."""
        found, _ = await registry.version(FRAUD_DETECTION, version)
        return Artifact(found.sha256, await registry.artifact(FRAUD_DETECTION, found.sha256))

    @get(
        "/api/model/versions/{version:str}/card",
        operation_id="read_model_card",
        guards=_operators,
        media_type=_MARKDOWN,
    )
    async def card(version: FromPath[str]) -> Response[str]:
        """Read the card of a version: what it was trained on, and what it is worth, in words and figures."""
        return Response(await registry.card(FRAUD_DETECTION, version), media_type=_MARKDOWN)

    return [metrics, artifact, card]
