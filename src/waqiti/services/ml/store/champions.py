"""Which version is in force, and which were."""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts.ml import Champion
from waqiti.contracts.public.models import ChampionChange, ChangeKind, Gate
from waqiti.foundation.database import Connection
from waqiti.foundation.events.model import CHANNEL_PREFIX

TOPIC: Final = "champions"
"""Changes are hinted at under this name."""

_GATES: Final = msgspec.json.Decoder(list[Gate])
_encode: Final = msgspec.json.Encoder().encode


class Pointer(msgspec.Struct, frozen=True):
    """The version in force; revision 0 and None where there is none yet."""

    revision: int
    version: str | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A version that shall be in force from now on."""

    model: str
    version: str
    by: str
    reason: str
    kind: ChangeKind
    gates: list[Gate]
    forced: bool


_LOCKED: Final = "SELECT revision, version FROM registry WHERE model = $1 FOR UPDATE"


async def locked(connection: Connection, model: str) -> Pointer | None:
    """Read what is in force; nobody else registers or changes anything of this model until the transaction ends."""
    row = await connection.fetchrow(_LOCKED, model)
    return None if row is None else Pointer(*row)


_POINTER: Final = "SELECT revision, version FROM registry WHERE model = $1"


async def pointer(connection: Connection, model: str) -> Pointer | None:
    """Read what is in force; None where there is no such model."""
    row = await connection.fetchrow(_POINTER, model)
    return None if row is None else Pointer(*row)


_PRESENT: Final = """
SELECT r.model, r.revision, r.version, m.sha256, c.since,
       ARRAY(SELECT t.library FROM trials t WHERE t.model = r.model AND t.version = r.version) AS tried_under
FROM registry r
JOIN models m ON m.model = r.model AND m.version = r.version
JOIN champions c ON c.model = r.model AND c.revision = r.revision
WHERE r.model = $1
"""


async def present(connection: Connection, model: str) -> Champion | None:
    """Read the champion; None where there is none."""
    row = await connection.fetchrow(_PRESENT, model)
    return None if row is None else Champion(**dict(row))


_RECORD: Final = """
INSERT INTO champions (model, revision, version, by, reason, kind, gates, forced)
VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8) RETURNING since
"""
_POINT: Final = "UPDATE registry SET revision = $2, version = $3 WHERE model = $1"
_HINT: Final = "SELECT pg_notify($1, '')"


async def bring_into_force(connection: Connection, change: Change, revision: int) -> datetime:
    """Bring a version into force under a lock that is held (``locked``); return since when. Replicas are told at the
    commit.
    """
    since: datetime = await connection.fetchval(
        _RECORD,
        change.model,
        revision,
        change.version,
        change.by,
        change.reason,
        change.kind,
        _encode(change.gates).decode(),
        change.forced,
    )
    await connection.execute(_POINT, change.model, revision, change.version)
    await connection.execute(_HINT, CHANNEL_PREFIX + TOPIC)
    return since


_HISTORY: Final = """
SELECT model, version, revision, since, by, reason, kind, gates, forced
FROM champions WHERE model = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3
"""


async def history(connection: Connection, model: str, before: int, limit: int) -> list[ChampionChange]:
    """List what came into force, newest first."""
    rows = [dict(row) for row in await connection.fetch(_HISTORY, model, before, limit)]
    return [ChampionChange(**{**row, "gates": _GATES.decode(row["gates"])}) for row in rows]
