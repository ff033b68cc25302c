"""Settling payments that were waiting: the worker's one statement a cycle, and the closer look where it fails."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.contracts.payment import Status
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.decisions import Conclusion
from waqiti.services.payment.store.rows import encode

NOT_WAITING: Final = "WQ002"
"""SQLSTATE of ``settle_payments`` where a payment is not in the status it was said to have; nothing was written."""

_SETTLE: Final = """
SELECT settle_payments(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30
)
"""


async def settle(
    connection: Connection,
    marks: Sequence[object],
    previous: Status | None,
    conclusions: Sequence[Conclusion],
    parked: Sequence[UUID],
    events: Sequence[list[object]],
    now: datetime,
) -> None:
    """Write what became of payments; ``marks`` are ``Consumer.mark_arguments``, ``events`` ``EventWriter.arguments``.

    ``previous`` is the status that all of them must have; None asks only that they wait. ``parked`` wait no longer.

    Raises:
        asyncpg.PostgresError: with SQLSTATE ``NOT_WAITING``, or that of a refused mark.
    """
    held = [one for one in conclusions if one.deadline_at is not None]
    await connection.execute(
        _SETTLE,
        *marks,
        previous,
        [one.payment.payment_id for one in conclusions],
        [one.status for one in conclusions],
        [one.captured for one in conclusions],
        [one.fee_captured for one in conclusions],
        [one.failure_code for one in conclusions],
        [one.review for one in conclusions],
        [one.settled_by for one in conclusions],
        [encode(one.decision).decode() for one in conclusions],
        now,
        [one.payment.payment_id for one in held],
        [one.deadline_at for one in held],
        [one.review == "no_score" for one in held],
        parked,
        *events,
    )
