"""Customers whose wallets are to be frozen."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection


class Freeze(msgspec.Struct, frozen=True):
    """A customer whose wallets are to be frozen since ``asked_at``, unless they are not blocked any more."""

    customer_id: UUID
    asked_at: datetime
    is_blocked: bool


_ASK: Final = """
INSERT INTO freezes (customer_id) VALUES ($1)
ON CONFLICT (customer_id) DO UPDATE
SET asked_at = clock_timestamp(), next_at = clock_timestamp(), frozen_at = NULL, attempts = 0
"""


async def ask(connection: Connection, customer_id: UUID) -> None:
    """Ask for all that a customer has to be frozen, also where it was before."""
    await connection.execute(_ASK, customer_id)


_CLAIM: Final = """
UPDATE freezes f
SET attempts = attempts + 1, next_at = clock_timestamp() + least($2::interval * 2 ^ least(attempts, 20), $3::interval)
WHERE customer_id = ANY (ARRAY(
    SELECT customer_id FROM freezes
    WHERE frozen_at IS NULL AND next_at <= clock_timestamp()
    ORDER BY next_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING f.customer_id, f.asked_at,
    EXISTS (SELECT FROM customers c WHERE c.id = f.customer_id AND c.status = 'blocked') AS is_blocked
"""


async def claim(connection: Connection, limit: int, first_pause: timedelta, longest_pause: timedelta) -> list[Freeze]:
    """Return those that are due; each is due again after a pause that doubles, unless it is done by then."""
    rows = await connection.fetch(_CLAIM, limit, first_pause, longest_pause)
    return [Freeze(**row) for row in rows]


_DONE: Final = "UPDATE freezes SET frozen_at = clock_timestamp() WHERE customer_id = $1 AND asked_at = $2"


async def done(connection: Connection, freeze: Freeze) -> None:
    """Record that nothing is left to freeze, unless it was asked for anew."""
    await connection.execute(_DONE, freeze.customer_id, freeze.asked_at)
