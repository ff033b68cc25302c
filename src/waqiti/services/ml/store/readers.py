"""Which processes serve which champion."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.ml import Following, Mark
from waqiti.foundation.database import Connection


class Reader(msgspec.Struct, frozen=True):
    """A process, what it serves, and since when."""

    replica: str
    pid: int
    serving: Mark | None
    serving_at: datetime | None

    @property
    def name(self) -> str:
        """What to call it."""
        return self.replica or f"pid {self.pid}"


# Where a row is new its xmax is 0.
_SAY: Final = """
INSERT INTO readers AS r (id, model, replica, pid, serving, serving_sha256, serving_at)
VALUES ($1, $2, $3, $4, $5::bigint, $6, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET
    serving = excluded.serving, serving_sha256 = excluded.serving_sha256, seen_at = clock_timestamp(),
    serving_at = CASE WHEN (r.serving, r.serving_sha256) = (excluded.serving, excluded.serving_sha256)
                      THEN r.serving_at ELSE clock_timestamp() END
RETURNING xmax = 0
"""


async def say(connection: Connection, following: Following) -> bool:
    """Record what a process serves; tell whether it is a new one."""
    serving = following.serving
    is_new: bool = await connection.fetchval(
        _SAY,
        following.reader,
        following.model,
        following.replica,
        following.pid,
        serving.revision if serving is not None else None,
        serving.sha256 if serving is not None else None,
    )
    return is_new


_REPLACE: Final = "DELETE FROM readers WHERE replica = $1 AND replica <> '' AND model = $2 AND id <> $3"
_FORGET_SILENT: Final = "DELETE FROM readers WHERE seen_at < clock_timestamp() - $1::interval"


async def replace(connection: Connection, following: Following, silent_for: timedelta) -> None:
    """Forget whom a new process replaces, a replica's name being one process's at a time, and who has long gone."""
    await connection.execute(_REPLACE, following.replica, following.model, following.reader)
    await connection.execute(_FORGET_SILENT, silent_for)


_FORGET: Final = "DELETE FROM readers WHERE id = $1"


async def forget(connection: Connection, reader: UUID) -> None:
    """Forget a process that ends."""
    await connection.execute(_FORGET, reader)


_LIVE: Final = """
SELECT replica, pid, serving, serving_sha256, serving_at FROM readers
WHERE model = $1 AND seen_at >= clock_timestamp() - $2::interval ORDER BY replica, pid
"""


async def live(connection: Connection, model: str, silent_for: timedelta) -> list[Reader]:
    """List the processes that were heard of lately."""
    rows = await connection.fetch(_LIVE, model, silent_for)
    return [Reader(replica, pid, _mark(serving, sha256), at) for replica, pid, serving, sha256, at in rows]


def _mark(revision: int | None, sha256: str | None) -> Mark | None:
    return Mark(revision, sha256) if revision is not None and sha256 is not None else None
