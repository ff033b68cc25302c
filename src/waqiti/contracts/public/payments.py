"""Payments and refunds."""

from datetime import datetime
from typing import Literal

import msgspec

from waqiti.contracts.payment import Status
from waqiti.contracts.public.common import Failure, PublicReason
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

    id: str
    status: Status
    amount: int
    currency: str
    amount_captured: int
    amount_refunded: int
    fee: int
    from_wallet: str
    to_wallet: str
    description: str | None
    metadata: dict[str, str]
    decision: DecisionView
    failure: Failure | None
    created_at: datetime
    updated_at: datetime


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the API shows it."""

    id: str
    payment_id: str
    amount: int
    status: Literal["pending", "succeeded", "failed"]
    failure: Failure | None
    reason: str | None = None
    created_at: datetime


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One transition of a payment, with who made it and why."""

    id: str
    type: str
    status: Status
    actor: str
    reason: str | None
    at: datetime


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item of a batch: a payment, or the problem that refused it."""

    index: int
    payment: Payment | None = None
    problem: ProblemDocument | None = None


class BatchResults(msgspec.Struct, frozen=True):
    """In the order of the request."""

    results: list[BatchResult]
