"""Payments and refunds."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.payment import Status
from waqiti.contracts.public.common import (
    Currency,
    EventId,
    Failure,
    PaymentId,
    PublicReason,
    RefundId,
    Time,
    WalletId,
)
from waqiti.foundation.errors import ProblemDocument
from waqiti.foundation.money import MAX_AMOUNT

_MAX_KEY_CHARACTERS: Final = 255

Amount = Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units of the currency.", examples=[1250])]
Fee = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Text = Annotated[str, Meta(max_length=500)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=40)]
Metadata = Annotated[dict[MetadataKey, Text], Meta(max_length=50)]


class NewPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A payment to make; amounts in minor units, the fee out of what the payee receives."""

    from_wallet: WalletId
    to_wallet: Annotated[WalletId, Meta(examples=["wal_01k0b2c3d4e5f6g7h8j9kamnpr"])]
    amount: Amount
    currency: Currency
    capture: Literal["automatic", "manual"] = "automatic"
    fee: Fee = 0
    description: Text | None = None
    metadata: Metadata | None = None


class BatchPayment(NewPayment, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A payment of a batch, under a key of its own."""

    idempotency_key: Annotated[
        str, Meta(min_length=1, max_length=_MAX_KEY_CHARACTERS, pattern="^[ -~]+$", examples=["order-1042"])
    ]


class FraudView(msgspec.Struct, frozen=True, kw_only=True):
    """What fraud scoring said: ``score`` is 0..1; ``model_version`` is None where rules alone decided."""

    score: float
    outcome: Literal["approve", "review", "decline"]
    reasons: list[PublicReason]
    model_version: str | None


class ComplianceView(msgspec.Struct, frozen=True, kw_only=True):
    """What screening said; the reasons are coarse for an ``api`` key."""

    outcome: Literal["clear", "possible", "confirmed"]
    reasons: list[PublicReason]


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """Both decisions; each is None until it is there."""

    fraud: FraudView | None
    compliance: ComplianceView | None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the API shows it."""

    id: PaymentId
    status: Status
    amount: int
    currency: Currency
    amount_captured: int
    amount_refunded: int
    fee: int
    from_wallet: WalletId
    to_wallet: WalletId
    description: str | None
    metadata: dict[str, str]
    decision: DecisionView
    failure: Failure | None
    created_at: Time
    updated_at: Time


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the API shows it."""

    id: RefundId
    payment_id: PaymentId
    amount: int
    status: Literal["pending", "succeeded", "failed"]
    failure: Failure | None
    reason: str | None = None
    created_at: Time


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One transition of a payment, with who made it and why."""

    id: EventId
    type: str
    status: Status
    actor: str
    reason: str | None
    at: Time


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item of a batch: a payment, or the problem that refused it."""

    index: int
    payment: Payment | None = None
    problem: ProblemDocument | None = None


class BatchResults(msgspec.Struct, frozen=True):
    """In the order of the request."""

    results: list[BatchResult]
