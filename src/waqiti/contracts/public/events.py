"""Events for the outside: what clients list, and what webhooks bring them."""

from typing import Final, Literal, get_args

import msgspec

from waqiti.contracts.payment import Status
from waqiti.contracts.public.common import Currency, EventId, PaymentId, Time, WalletId

EventType = Literal[
    "payment.authorized",
    "payment.captured",
    "payment.declined",
    "payment.failed",
    "payment.in_review",
    "payment.canceled",
    "payment.expired",
    "payment.partially_refunded",
    "payment.refunded",
]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)


class PaymentEventData(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it stood after the event; amounts in minor units, no personal data."""

    payment_id: PaymentId
    status: Status
    amount: int
    currency: Currency
    amount_captured: int
    amount_refunded: int
    from_wallet: WalletId
    to_wallet: WalletId
    failure_code: str | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: the body of a webhook, and an item of the list. Its id is the same wherever it shows."""

    id: EventId
    type: EventType
    created_at: Time
    data: PaymentEventData
