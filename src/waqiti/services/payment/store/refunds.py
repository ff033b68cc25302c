"""Refunds."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.refunds import Refund

_INSERT: Final = """
INSERT INTO refunds (
    id, payment_id, number, amount, share, refund_fee, status, failure_code, reason, actor, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def insert(connection: Connection, refund: Refund) -> None:
    """Store a refund before the ledger is asked."""
    await connection.execute(
        _INSERT,
        refund.id,
        refund.payment_id,
        refund.number,
        refund.amount,
        refund.share,
        refund.refund_fee,
        refund.status,
        refund.failure_code,
        refund.reason,
        refund.actor,
        refund.created_at,
    )


_READ: Final = """
SELECT id, payment_id, number, amount, share, refund_fee, status, failure_code, reason, actor, created_at
FROM refunds
WHERE id = $1
"""


async def read(connection: Connection, refund_id: UUID) -> Refund | None:
    """Read a refund."""
    row = await connection.fetchrow(_READ, refund_id)
    return None if row is None else _refund(row)


_HALVES: Final = """
SELECT id, payment_id, number, amount, share, refund_fee, status, failure_code, reason, actor, created_at
FROM refunds
WHERE status = 'pending' AND created_at < $1 AND id > $2
ORDER BY id
LIMIT $3
"""


async def halves(connection: Connection, before: datetime, after: UUID, limit: int) -> list[Refund]:
    """List refunds that were begun before ``before`` and never ended, by id, those after ``after``."""
    return [_refund(row) for row in await connection.fetch(_HALVES, before, after, limit)]


_FINISH: Final = """
UPDATE refunds SET status = $2, failure_code = $3 WHERE id = $1 AND status = 'pending' RETURNING id
"""


async def finish(connection: Connection, refund: Refund) -> bool:
    """Write how a refund ended; False where that was written before."""
    return await connection.fetchval(_FINISH, refund.id, refund.status, refund.failure_code) is not None


def _refund(row: asyncpg.Record) -> Refund:
    return Refund(**dict(row))
