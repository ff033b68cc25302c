"""Disputes."""

from typing import Final
from uuid import UUID

import asyncpg

from waqiti.contracts.casework import DisputeStatus
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.disputes import Dispute

_INSERT: Final = """
INSERT INTO disputes (id, payment_id, kind, detail, opened_by, opened_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (payment_id, kind) WHERE status = 'open' DO NOTHING
RETURNING id
"""


async def insert(connection: Connection, dispute: Dispute) -> bool:
    """Store a new dispute; False, and nothing stored, where one of its kind is open about the payment."""
    row = (dispute.id, dispute.payment_id, dispute.kind, dispute.detail, dispute.opened_by, dispute.opened_at)
    return await connection.fetchval(_INSERT, *row) is not None


_READ: Final = """
SELECT id, payment_id, kind, detail, status, opened_by, opened_at, resolved_at, resolved_by, reason
FROM disputes
WHERE id = $1
"""


async def read(connection: Connection, dispute_id: UUID) -> Dispute | None:
    """Read a dispute."""
    row = await connection.fetchrow(_READ, dispute_id)
    return None if row is None else _dispute(row)


_LOCK: Final = _READ.rstrip() + "\nFOR NO KEY UPDATE"


async def lock(connection: Connection, dispute_id: UUID) -> Dispute | None:
    """Read a dispute, and lock it until the transaction ends."""
    row = await connection.fetchrow(_LOCK, dispute_id)
    return None if row is None else _dispute(row)


_RESOLVE: Final = """
UPDATE disputes SET status = $2, resolved_at = $3, resolved_by = $4, reason = $5 WHERE id = $1
"""


async def resolve(connection: Connection, dispute: Dispute) -> None:
    """Write how a dispute that is locked ended."""
    row = (dispute.id, dispute.status, dispute.resolved_at, dispute.resolved_by, dispute.reason)
    await connection.execute(_RESOLVE, *row)


_NEWEST: Final = """
SELECT id, payment_id, kind, detail, status, opened_by, opened_at, resolved_at, resolved_by, reason
FROM disputes
WHERE id < $1
ORDER BY id DESC
LIMIT $2
"""


async def newest(connection: Connection, before: UUID, limit: int) -> list[Dispute]:
    """List disputes with ids below ``before``, newest first."""
    return [_dispute(row) for row in await connection.fetch(_NEWEST, before, limit)]


_NEWEST_OF_STATUS: Final = """
SELECT id, payment_id, kind, detail, status, opened_by, opened_at, resolved_at, resolved_by, reason
FROM disputes
WHERE status = $3 AND id < $1
ORDER BY id DESC
LIMIT $2
"""


async def newest_of_status(connection: Connection, status: DisputeStatus, before: UUID, limit: int) -> list[Dispute]:
    """List disputes of one status with ids below ``before``, newest first."""
    return [_dispute(row) for row in await connection.fetch(_NEWEST_OF_STATUS, before, limit, status)]


_NEWEST_OF_PAYMENT: Final = """
SELECT id, payment_id, kind, detail, status, opened_by, opened_at, resolved_at, resolved_by, reason
FROM disputes
WHERE payment_id = $3 AND id < $1
ORDER BY id DESC
LIMIT $2
"""


async def newest_of_payment(connection: Connection, payment_id: UUID, before: UUID, limit: int) -> list[Dispute]:
    """List disputes about one payment with ids below ``before``, newest first."""
    return [_dispute(row) for row in await connection.fetch(_NEWEST_OF_PAYMENT, before, limit, payment_id)]


def _dispute(row: asyncpg.Record) -> Dispute:
    return Dispute(**dict(row))
