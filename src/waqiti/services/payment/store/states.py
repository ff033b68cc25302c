"""Writing states, one payment or one status at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.contracts.payment import Status
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import State
from waqiti.services.payment.store.rows import encode

_WRITE: Final = """
UPDATE states
SET status = $2, captured = $3, refunded = $4, reserved = $5, fee_captured = $6, fee_shared = $7, steps = $8,
    refunds = $9, review = $10, failure_code = $11, settled_by = $12, decision = $13::text::json, updated_at = $14,
    version = version + 1
WHERE id = $1
"""


async def write(connection: Connection, payment_id: UUID, state: State) -> None:
    """Write the state of a payment whose row is locked."""
    await connection.execute(
        _WRITE,
        payment_id,
        state.status,
        state.captured,
        state.refunded,
        state.reserved,
        state.fee_captured,
        state.fee_shared,
        state.steps,
        state.refunds,
        state.review,
        state.failure_code,
        state.settled_by,
        None if state.decision is None else encode(state.decision).decode(),
        state.updated_at,
    )


_LOCK_STATUSES: Final = """
SELECT id, status FROM states WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""


async def lock_statuses(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Status]:
    """Lock the states of payments until the transaction ends; return their statuses."""
    return {row["id"]: row["status"] for row in await connection.fetch(_LOCK_STATUSES, ids)}


_SCREENING: Final = """
UPDATE states SET status = 'screening', updated_at = $2, version = version + 1 WHERE id = ANY ($1::uuid[])
"""


async def write_screening(connection: Connection, ids: Sequence[UUID], now: datetime) -> None:
    """Write ``screening`` for payments whose rows are locked and created."""
    await connection.execute(_SCREENING, ids, now)
