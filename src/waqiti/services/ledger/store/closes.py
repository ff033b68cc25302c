"""Closed periods."""

from datetime import date
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.closing import CloseRow

_CLOSE: Final = "SELECT id, through, closed_at, closed_by, reason FROM ledger.close_period($1, $2, $3, $4)"


async def close(connection: Connection, id_: UUID, through: date, closed_by: str, reason: str) -> CloseRow | None:
    """Close the days up to ``through`` and return the close, or that of the same day; None where a later one is there.

    Whoever writes entries waits until this transaction ends.
    """
    row = await connection.fetchrow(_CLOSE, id_, through, closed_by, reason)
    return None if row is None else CloseRow(**row)


_THROUGH: Final = "SELECT max(through) FROM ledger.closes"


async def through(connection: Connection) -> date | None:
    """Return the last day that is closed."""
    day: date | None = await connection.fetchval(_THROUGH)
    return day


_NEWEST: Final = """
SELECT id, through, closed_at, closed_by, reason FROM ledger.closes WHERE id < $1 ORDER BY id DESC LIMIT $2
"""


async def newest(connection: Connection, before: UUID, limit: int) -> list[CloseRow]:
    """Return the closes below an id, the newest first."""
    return [CloseRow(**row) for row in await connection.fetch(_NEWEST, before, limit)]
