"""The last artifact that was served."""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts.ml import Champion
from waqiti.foundation.database import Connection


class Kept(msgspec.Struct, frozen=True):
    """An artifact, the champion that it was of, and under which library it passed its trial."""

    revision: int
    version: str
    sha256: str
    since: datetime
    artifact: bytes
    library: str


_READ: Final = "SELECT revision, version, sha256, since, artifact, library FROM serving_models WHERE model = $1"


async def read(connection: Connection, model: str) -> Kept | None:
    """Read what was served last; None where nothing was."""
    row = await connection.fetchrow(_READ, model)
    return None if row is None else Kept(*row)


# Of several replicas the slowest must not bring back what was before; a registry that began anew is later nevertheless.
_KEEP: Final = """
INSERT INTO serving_models AS s (model, revision, version, sha256, since, artifact, library)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (model) DO UPDATE SET
    revision = excluded.revision, version = excluded.version, sha256 = excluded.sha256, since = excluded.since,
    artifact = excluded.artifact, library = excluded.library, stored_at = clock_timestamp()
WHERE excluded.since > s.since
"""


async def keep(connection: Connection, champion: Champion, artifact: bytes, library: str) -> None:
    """Keep what is served and was tried under ``library``, unless something later is kept."""
    await connection.execute(
        _KEEP, champion.model, champion.revision, champion.version, champion.sha256, champion.since, artifact, library
    )
