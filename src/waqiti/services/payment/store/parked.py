"""Payments that wait for a service that is away, and those that could not be decided at all (poison)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import Facts
from waqiti.services.payment.store import rows

Reason = Literal["away", "poison"]


class Parked(msgspec.Struct, frozen=True):
    """A payment that waits, and since when."""

    facts: Facts
    parked_at: datetime


_PARK: Final = """
INSERT INTO parked (payment_id, parked_at, retry_at, reason)
SELECT id, $2, $3, $4 FROM unnest($1::uuid[]) AS id
ON CONFLICT (payment_id) DO UPDATE SET retry_at = excluded.retry_at, reason = excluded.reason
"""


async def park(connection: Connection, ids: Sequence[UUID], now: datetime, retry_at: datetime, reason: Reason) -> None:
    """Set payments aside; one that waits already keeps its time."""
    await connection.execute(_PARK, ids, now, retry_at, reason)


_WAITING: Final = """
SELECT p.id, p.from_wallet, p.to_wallet, p.from_account, p.to_account, p.from_customer, p.to_customer, p.amount,
       p.currency, p.manual, p.fee, p.description, p.metadata, p.created_by, p.created_at, w.parked_at
FROM parked w
JOIN payments p ON p.id = w.payment_id
WHERE w.reason = 'away' AND w.payment_id > $1
ORDER BY w.payment_id
LIMIT $2
"""


async def waiting(connection: Connection, after: UUID, limit: int) -> list[Parked]:
    """List payments that wait for a service, by id, those after ``after``."""
    return [_parked(row) for row in await connection.fetch(_WAITING, after, limit)]


_CLAIM_POISON: Final = """
WITH claimed AS (
    UPDATE parked SET retry_at = $2
    WHERE payment_id = ANY (ARRAY(
        SELECT payment_id FROM parked
        WHERE reason = 'poison' AND retry_at <= $1
        ORDER BY retry_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING payment_id, parked_at
)
SELECT p.id, p.from_wallet, p.to_wallet, p.from_account, p.to_account, p.from_customer, p.to_customer, p.amount,
       p.currency, p.manual, p.fee, p.description, p.metadata, p.created_by, p.created_at, w.parked_at
FROM claimed w
JOIN payments p ON p.id = w.payment_id
ORDER BY w.payment_id
"""


async def claim_poison(connection: Connection, now: datetime, retry_at: datetime, limit: int) -> list[Parked]:
    """Return poison that is due to be asked about again; nobody is given it before ``retry_at``."""
    return [_parked(row) for row in await connection.fetch(_CLAIM_POISON, now, retry_at, limit)]


_RETRY_NOW: Final = """
UPDATE parked SET retry_at = least(retry_at, $2)
WHERE payment_id = ANY ($1::uuid[]) AND reason = 'poison'
RETURNING payment_id
"""


async def retry_now(connection: Connection, ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Have poison among these payments asked about again at once; return which of them it is."""
    return {row["payment_id"] for row in await connection.fetch(_RETRY_NOW, ids, now)}


_COUNT: Final = "SELECT count(*) FROM (SELECT FROM parked WHERE reason = 'away' LIMIT $1) AS found"


async def count(connection: Connection, at_most: int) -> int:
    """Count the payments that wait for a service, up to ``at_most``."""
    found: int = await connection.fetchval(_COUNT, at_most)
    return found


_RELEASE: Final = "DELETE FROM parked WHERE payment_id = ANY ($1::uuid[])"


async def release(connection: Connection, ids: Sequence[UUID]) -> None:
    """Forget that payments wait."""
    await connection.execute(_RELEASE, ids)


def _parked(row: asyncpg.Record) -> Parked:
    return Parked(rows.facts(tuple(row)[:-1]), row["parked_at"])
