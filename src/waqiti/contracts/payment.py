"""payment-service: statuses, and the events by which others follow payments.

Two topics, both keyed by the paying wallet: ``payment-events`` carries accepted work to the group
``payment-service-consumer``; ``payment-results`` carries every transition after it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.caller import Caller
from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.contracts.fraud import FraudOutcome, Reason
from waqiti.contracts.reviews import Verdict, VerdictTaken
from waqiti.foundation.ids import derived_id

PAYMENT_EVENTS: Final = "payment-events"
PAYMENT_RESULTS: Final = "payment-results"
CONSUMER_GROUP: Final = "payment-service-consumer"

Status = Literal[
    "created",
    "screening",
    "in_review",
    "declined",
    "authorized",
    "captured",
    "partially_refunded",
    "refunded",
    "failed",
    "canceled",
    "expired",
]
WAITING: Final[frozenset[Status]] = frozenset({"created", "screening"})
"""Statuses in which nothing is decided yet; a client that waits goes on waiting."""

FINAL: Final = frozenset({"declined", "captured", "partially_refunded", "refunded", "failed", "canceled", "expired"})
"""Statuses in which the money of the payment has come to rest (refunds may still follow)."""


class FraudPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What fraud-service said about a payment."""

    score: float
    outcome: FraudOutcome
    reasons: list[Reason] = []
    model_version: str | None = None


class CompliancePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What compliance-service said about a payment."""

    outcome: ScreeningOutcome
    reasons: list[Reason] = []


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Both decisions about a payment; None where there is none (yet)."""

    fraud: FraudPart | None = None
    compliance: CompliancePart | None = None


class PaymentResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of an event on ``payment-results``; its type is ``payment.<status>``.

    ``failure_code`` and ``decision`` are given where they are known, so that a reader needs nothing else.
    """

    payment_id: UUID
    status: Status
    previous: Status | None
    from_wallet: UUID
    to_wallet: UUID
    amount: int
    currency: str
    amount_captured: int
    amount_refunded: int
    actor: str
    reason: str | None = None
    failure_code: str | None = None
    decision: Decision | None = None
    at: datetime


def event_id(payment_id: UUID, topic: str, partition: int, offset: int) -> UUID:
    """Return the id of the event at a place in the log: whoever shows that event, and however often, it is this one."""
    return derived_id(payment_id, f"{topic}/{partition}/{offset}")


class PaymentIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: list[UUID]


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    status: Status
    amount_captured: int


class PaymentStates(msgspec.Struct, frozen=True):
    payments: list[PaymentState]


StepKind = Literal["capture", "void", "expire"]


def step_transfer_id(payment_id: UUID, kind: StepKind, number: int) -> UUID:
    """Return the id under which the ledger knows the n-th step of a payment after its first."""
    return derived_id(payment_id, f"{kind}:{number}")


def refund_transfer_id(payment_id: UUID, number: int) -> UUID:
    """Return the id under which the ledger knows the n-th refund of a payment."""
    return derived_id(payment_id, f"refund:{number}")


def fee_transfer_id(transfer_id: UUID) -> UUID:
    """Return the id of the fee that goes with a transfer: a payment's own, its capture's or its refund's."""
    return derived_id(transfer_id, "fee")


MAX_REDRIVE: Final = 500
REDRIVE_PATH: Final = "/operations/payments/redrive"

RedriveAction = Literal["requeued", "retried", "in_line", "not_waiting", "unknown"]
"""``requeued``: an event was appended that moves it; ``retried``: poison, due again at once; ``in_line``: an event that
is to come will move it; ``not_waiting``: something was decided about it before."""


class Redrive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payments to move on now, by the ids that clients know."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=MAX_REDRIVE)]


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about one payment; ``status`` is the one that it had, None where there is no such payment."""

    id: str
    action: RedriveAction
    status: Status | None


class RedriveReport(msgspec.Struct, frozen=True):
    """In the order of the request, each id once."""

    payments: list[Redriven]


class PaymentClient:
    """Typed calls of payment-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def states(self, ids: Sequence[UUID], *, timeout_seconds: float = 2.0) -> list[PaymentState]:
        """Read the states of payments; unknown ones are left out."""
        reply = await self._caller.call(
            "POST", "/internal/payments/states", PaymentIds(list(ids)), PaymentStates, timeout_seconds=timeout_seconds
        )
        return reply.payments

    async def reviewed(self, verdict: Verdict, *, timeout_seconds: float = 5.0) -> VerdictTaken:
        """Act on a verdict: an approved payment is screened again and goes on or ends, a declined one ends.

        One that waits for nobody any more stays as it is; twice is no error.
        """
        return await self._caller.call(
            "POST", "/internal/payments/reviewed", verdict, VerdictTaken, timeout_seconds=timeout_seconds
        )
