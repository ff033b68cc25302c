"""Final payments and refunds, streamed for the proof of the books."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.contracts.payment import FINAL
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.attestations import FinalPayment, FinalRefund

_PREFETCHED: Final = 1_000

_PAYMENTS: Final = """
SELECT p.id, p.from_account, p.to_account, p.currency, s.status, s.captured, s.fee_captured, s.settled_by
FROM payments p
JOIN states s ON s.id = p.id
WHERE s.status = ANY ($1) AND s.updated_at >= $2 AND ($3::uuid[] IS NULL OR p.id = ANY ($3))
"""


async def payments(connection: Connection, since: datetime, only: Sequence[UUID] | None) -> AsyncIterator[FinalPayment]:
    """Stream payments that have ended and changed since an instant; ``only`` these, where given."""
    async for row in connection.cursor(_PAYMENTS, list(FINAL), since, only, prefetch=_PREFETCHED):
        yield FinalPayment(*row)


_REFUNDS: Final = """
SELECT r.id, r.payment_id, r.number, p.from_account, p.to_account, p.currency, r.status, r.amount, r.share, r.refund_fee
FROM refunds r
JOIN payments p ON p.id = r.payment_id
WHERE r.status <> 'pending' AND r.created_at >= $1 AND ($2::uuid[] IS NULL OR r.payment_id = ANY ($2))
"""


async def refunds(connection: Connection, since: datetime, only: Sequence[UUID] | None) -> AsyncIterator[FinalRefund]:
    """Stream refunds that have ended and were asked for since an instant; ``only`` those of these payments."""
    async for row in connection.cursor(_REFUNDS, since, only, prefetch=_PREFETCHED):
        yield FinalRefund(*row)
