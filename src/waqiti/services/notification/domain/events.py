"""Events for the outside: which results of payments become one, and what it says."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.payment import PaymentResult
from waqiti.contracts.public.events import EVENT_TYPES, Event, EventType, PaymentEventData
from waqiti.foundation.ids import encode

TEST_TYPE: Final = "webhook.test"
ALL: Final = "*"

_TYPES: Final = frozenset[str](EVENT_TYPES)
_encode: Final = msgspec.json.Encoder().encode
_DATA: Final = msgspec.json.Decoder(PaymentEventData)


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is stored: ``subject`` is the payment, of a test the endpoint; ``data`` is JSON."""

    id: UUID
    subject: UUID
    created_at: datetime
    type: str
    data: str


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: what follows is older."""

    at: datetime
    id: UUID


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    created_at: datetime
    data: msgspec.Raw


class _TestData(msgspec.Struct, frozen=True):
    endpoint_id: str


def public_event(result: PaymentResult, identifier: UUID) -> EventRow | None:
    """Return what clients are told of a result; None where it is none of their business (``screening``)."""
    kind = f"payment.{result.status}"
    if kind not in _TYPES:
        return None
    data = PaymentEventData(
        payment_id=encode(prefixes.PAYMENT, result.payment_id),
        status=result.status,
        amount=result.amount,
        currency=result.currency,
        amount_captured=result.amount_captured,
        amount_refunded=result.amount_refunded,
        from_wallet=encode(prefixes.WALLET, result.from_wallet),
        to_wallet=encode(prefixes.WALLET, result.to_wallet),
        failure_code=result.failure_code,
    )
    return EventRow(
        id=identifier, subject=result.payment_id, created_at=result.at, type=kind, data=_encode(data).decode()
    )


def trial_event(identifier: UUID, endpoint_id: UUID, now: datetime) -> EventRow:
    """Return the event that tries an endpoint."""
    data = _encode(_TestData(encode(prefixes.WEBHOOK_ENDPOINT, endpoint_id))).decode()
    return EventRow(id=identifier, subject=endpoint_id, created_at=now, type=TEST_TYPE, data=data)


def shown(row: EventRow) -> Event:
    """Return an event of a payment as the API shows it."""
    return Event(
        id=encode(prefixes.EVENT, row.id),
        type=msgspec.convert(row.type, EventType),
        created_at=row.created_at,
        data=_DATA.decode(row.data),
    )


def body_of(row: EventRow) -> bytes:
    """Return the body of the webhook that brings an event: the same bytes at every attempt."""
    identifier = encode(prefixes.EVENT, row.id)
    data = msgspec.Raw(row.data.encode())
    return _encode(_Body(id=identifier, type=row.type, created_at=row.created_at, data=data))
