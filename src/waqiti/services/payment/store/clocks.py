"""When reviews and authorizations end."""

from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection

_READ: Final = "SELECT deadline_at FROM clocks WHERE payment_id = $1"


async def read(connection: Connection, payment_id: UUID) -> datetime | None:
    """Return when the hold of a payment ends by our clock."""
    deadline: datetime | None = await connection.fetchval(_READ, payment_id)
    return deadline


_SET: Final = """
INSERT INTO clocks (payment_id, deadline_at, no_score) VALUES ($1, $2, $3)
ON CONFLICT (payment_id) DO UPDATE SET deadline_at = excluded.deadline_at, no_score = excluded.no_score
"""


async def write(connection: Connection, payment_id: UUID, deadline_at: datetime, *, no_score: bool) -> None:
    """Set a payment's clock."""
    await connection.execute(_SET, payment_id, deadline_at, no_score)


_POSTPONE: Final = "UPDATE clocks SET deadline_at = $2 WHERE payment_id = $1"


async def postpone(connection: Connection, payment_id: UUID, deadline_at: datetime) -> None:
    """Let a payment's clock run longer; what it waits for stays."""
    await connection.execute(_POSTPONE, payment_id, deadline_at)


_STOP: Final = "DELETE FROM clocks WHERE payment_id = $1"


async def stop(connection: Connection, payment_id: UUID) -> None:
    """Forget a payment's clock."""
    await connection.execute(_STOP, payment_id)


_RUN_OUT: Final = """
SELECT c.payment_id FROM clocks c
WHERE c.deadline_at <= $1
    AND NOT EXISTS (SELECT FROM steps s WHERE s.payment_id = c.payment_id AND s.status = 'pending')
ORDER BY c.deadline_at
LIMIT $2
"""


async def run_out(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """List payments whose clock has run out and that nothing is being done about."""
    return [row["payment_id"] for row in await connection.fetch(_RUN_OUT, now, limit)]


_WITHOUT_SCORE: Final = """
SELECT c.payment_id FROM clocks c
WHERE c.no_score AND c.payment_id > $1
    AND NOT EXISTS (SELECT FROM steps s WHERE s.payment_id = c.payment_id AND s.status = 'pending')
ORDER BY c.payment_id
LIMIT $2
"""


async def without_score(connection: Connection, after: UUID, limit: int) -> list[UUID]:
    """List payments in review because they could not be scored, by id, those after ``after``."""
    return [row["payment_id"] for row in await connection.fetch(_WITHOUT_SCORE, after, limit)]
