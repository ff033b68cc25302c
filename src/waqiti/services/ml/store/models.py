"""Registered artifacts."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.public.models import ModelFigures, Source
from waqiti.foundation.database import Connection
from waqiti.services.ml.domain.versions import Number

if TYPE_CHECKING:
    import asyncpg

_FIGURES: Final = msgspec.json.Decoder(ModelFigures)
_encode: Final = msgspec.json.Encoder().encode


class NewModel(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that is to be registered; ``card`` is JSON."""

    id: UUID
    model: str
    number: Number
    sha256: str
    artifact: bytes
    fingerprint: str
    figures: ModelFigures
    card: str
    source: Source
    registered_by: str


class Model(msgspec.Struct, frozen=True):
    """A registered artifact, without its bytes and its card."""

    id: UUID
    model: str
    version: str
    sha256: str
    fingerprint: str
    figures: ModelFigures
    source: Source
    registered_at: datetime
    registered_by: str


_NEWEST: Final = """
SELECT major, minor, patch FROM models WHERE model = $1 ORDER BY major DESC, minor DESC, patch DESC LIMIT 1
"""


async def newest(connection: Connection, model: str) -> Number | None:
    """Return the highest version of a model."""
    row = await connection.fetchrow(_NEWEST, model)
    return None if row is None else Number(*row)


_ADD: Final = """
INSERT INTO models (id, model, version, major, minor, patch, sha256, artifact, fingerprint, figures, card, source,
                    registered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::json, $11::json, $12, $13)
"""


async def add(connection: Connection, new: NewModel) -> None:
    """Register an artifact; its version and its bytes are new."""
    await connection.execute(
        _ADD,
        new.id,
        new.model,
        str(new.number),
        new.number.major,
        new.number.minor,
        new.number.patch,
        new.sha256,
        new.artifact,
        new.fingerprint,
        _encode(new.figures).decode(),
        new.card,
        new.source,
        new.registered_by,
    )


_BY_VERSION: Final = """
SELECT id, model, version, sha256, fingerprint, figures, source, registered_at, registered_by
FROM models WHERE model = $1 AND version = $2
"""


async def by_version(connection: Connection, model: str, version: str) -> Model | None:
    """Read one version."""
    row = await connection.fetchrow(_BY_VERSION, model, version)
    return None if row is None else _model(row)


_BY_SHA256: Final = """
SELECT id, model, version, sha256, fingerprint, figures, source, registered_at, registered_by
FROM models WHERE model = $1 AND sha256 = $2
"""


async def by_sha256(connection: Connection, model: str, sha256: str) -> Model | None:
    """Read the version that has these bytes."""
    row = await connection.fetchrow(_BY_SHA256, model, sha256)
    return None if row is None else _model(row)


_PAGE: Final = """
SELECT id, model, version, sha256, fingerprint, figures, source, registered_at, registered_by
FROM models WHERE id < $1 ORDER BY id DESC LIMIT $2
"""


async def page(connection: Connection, before: UUID, limit: int) -> list[Model]:
    """List versions, newest first."""
    return [_model(row) for row in await connection.fetch(_PAGE, before, limit)]


_ARTIFACT: Final = "SELECT artifact FROM models WHERE model = $1 AND sha256 = $2"


async def artifact(connection: Connection, model: str, sha256: str) -> bytes | None:
    """Read the bytes of an artifact."""
    found: bytes | None = await connection.fetchval(_ARTIFACT, model, sha256)
    return found


_CARD: Final = "SELECT card FROM models WHERE model = $1 AND version = $2"


async def card(connection: Connection, model: str, version: str) -> str | None:
    """Read the card of a version, which is JSON."""
    found: str | None = await connection.fetchval(_CARD, model, version)
    return found


def _model(row: "asyncpg.Record") -> Model:
    fields = dict(row)
    return Model(**{**fields, "figures": _FIGURES.decode(fields["figures"])})
