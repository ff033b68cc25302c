"""The topic of what people have to look at about payments; payment-service writes it, keyed by the paying wallet.

It is apart from ``payment-results``, which carries every payment: who works on cases need not read all of them.

| type | data |
|---|---|
| ``review.due`` | ``contracts.reviews.ReviewDue`` |
| ``review.over`` | ``contracts.reviews.ReviewOver`` |
| ``dispute.opened`` | ``DisputeEvent`` |
| ``dispute.resolved`` | ``DisputeEvent`` |
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

PAYMENT_CASEWORK: Final = "payment-casework"

REVIEW_DUE: Final = "review.due"
REVIEW_OVER: Final = "review.over"
DISPUTE_OPENED: Final = "dispute.opened"
DISPUTE_RESOLVED: Final = "dispute.resolved"

DisputeKind = Literal["wrongly_blocked", "fraud", "other"]
DisputeStatus = Literal["open", "won", "lost"]
"""``lost``: who disputed was right; ``won``: the platform was."""


class DisputeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as it stands after the event. Its detail, which may name people, stays with payment-service."""

    dispute_id: UUID
    payment_id: UUID
    kind: DisputeKind
    status: DisputeStatus
    actor: str
    at: datetime
