"""Payments and refunds."""

from typing import Literal

import msgspec

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
