"""Captures, voids and expiries."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.steps import Step

_INSERT: Final = """
INSERT INTO steps (
    id, payment_id, number, kind, amount, becomes, failure_code, status, code, actor, reason, own, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def insert(connection: Connection, step: Step) -> None:
    """Store a step before the ledger is asked."""
    await connection.execute(
        _INSERT,
        step.id,
        step.payment_id,
        step.number,
        step.kind,
        step.amount,
        step.becomes,
        step.failure_code,
        step.status,
        step.code,
        step.actor,
        step.reason,
        step.own,
        step.created_at,
    )


_READ: Final = """
SELECT id, payment_id, number, kind, amount, becomes, failure_code, status, code, actor, reason, own, created_at
FROM steps
WHERE id = $1
"""


async def read(connection: Connection, step_id: UUID) -> Step | None:
    """Read a step."""
    row = await connection.fetchrow(_READ, step_id)
    return None if row is None else _step(row)


_PENDING_OF: Final = """
SELECT id, payment_id, number, kind, amount, becomes, failure_code, status, code, actor, reason, own, created_at
FROM steps
WHERE payment_id = $1 AND status = 'pending'
"""


async def pending(connection: Connection, payment_id: UUID) -> Step | None:
    """Read the step of the payment that is under way, if there is one."""
    row = await connection.fetchrow(_PENDING_OF, payment_id)
    return None if row is None else _step(row)


_HALVES: Final = """
SELECT id, payment_id, number, kind, amount, becomes, failure_code, status, code, actor, reason, own, created_at
FROM steps
WHERE status = 'pending' AND created_at < $1 AND id > $2
ORDER BY id
LIMIT $3
"""


async def halves(connection: Connection, before: datetime, after: UUID, limit: int) -> list[Step]:
    """List steps that were begun before ``before`` and never ended, by id, those after ``after``."""
    return [_step(row) for row in await connection.fetch(_HALVES, before, after, limit)]


_FINISH: Final = "UPDATE steps SET status = $2, code = $3 WHERE id = $1 AND status = 'pending' RETURNING id"


async def finish(connection: Connection, step: Step) -> bool:
    """Write how a step ended; False where that was written before."""
    return await connection.fetchval(_FINISH, step.id, step.status, step.code) is not None


def _step(row: asyncpg.Record) -> Step:
    return Step(**dict(row))
