"""A payment's life as it is shown: one document, ids as clients know them, amounts in minor units."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.fraud import Reason
from waqiti.contracts.ledger import system_account_id
from waqiti.foundation.ids import encode
from waqiti.operations.facts.payment import PaymentFacts, PaymentLife
from waqiti.operations.facts.reading import Unreadable
from waqiti.operations.payments.life import Life, read_life, transfer_names
from waqiti.operations.payments.standing import NONE_ISOLATED, standing, waits_for
from waqiti.operations.payments.timeline import Moment, timeline

_KINDS: Final = ("fees", "suspense", "rail")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The payment as it stands."""

    status: str
    amount: int
    currency: str
    fee: int
    capture: str
    from_wallet: str
    to_wallet: str
    from_customer: str
    to_customer: str
    created_by: str
    amount_captured: int
    amount_refunded: int
    failure_code: str | None
    review: str | None
    waits_for: str | None
    deadline_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What fraud-service said; ``features`` are the values that the score was made of, where they are kept."""

    score: float
    outcome: str
    reasons: list[Reason]
    model_version: str | None
    features: dict[str, Any]


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """What compliance-service said; ``limits`` is what became of what it reserved, None where that is not known."""

    outcome: str
    reasons: list[Reason]
    limits: str | None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the ledger: a credit is positive; ``balance`` and ``held`` are those of the account after it."""

    at: datetime
    transfer: str
    account: str
    amount: int
    held_change: int
    balance: int
    held: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Money set apart; ``resolved_by`` None while it is."""

    amount: int
    expires_at: datetime | None
    resolved_by: str | None


class RefundShown(msgspec.Struct, frozen=True, kw_only=True):
    """A refund."""

    id: str
    amount: int
    status: str
    failure_code: str | None
    created_at: datetime


class ReviewShown(msgspec.Struct, frozen=True, kw_only=True):
    """A review."""

    id: str
    kind: str
    status: str
    label: str | None
    decided_by: str | None
    opened_at: datetime
    decided_at: datetime | None


class DisputeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute."""

    id: str
    kind: str
    status: str
    opened_at: datetime
    resolved_at: datetime | None


class DeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event about the payment on its way to a webhook endpoint; ``last`` is how the last attempt ended."""

    id: str
    endpoint: str
    event: str
    status: str
    attempts: int
    next_at: datetime | None
    last: str | None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. ``stands`` says where it stands and what happens next; ``unreadable`` what is missing here and why."""

    id: str
    stands: str
    payment: Summary | None
    fraud: Score | None
    compliance: Screening | None
    timeline: list[Moment]
    entries: list[Booked]
    holds: list[Held]
    refunds: list[RefundShown]
    reviews: list[ReviewShown]
    disputes: list[DisputeShown]
    deliveries: list[DeliveryShown]
    traces: list[str]
    unreadable: list[Unreadable]


async def explain(
    databases: Mapping[str, str], payment_id: UUID, now: datetime, isolated: Mapping[str, str] = NONE_ISOLATED
) -> Explained:
    """Read and explain a payment; ``isolated`` is as ``standing`` wants it."""
    return explained(await read_life(databases, payment_id), now, isolated)


def explained(life: Life, now: datetime, isolated: Mapping[str, str] = NONE_ISOLATED) -> Explained:
    """Say what a life means; ``isolated`` is as ``standing`` wants it."""
    known = life.known
    return Explained(
        id=encode(prefixes.PAYMENT, life.payment_id),
        stands=standing(life, now, isolated),
        payment=None if known is None else _summary(known, waits_for(life)),
        fraud=_score(life),
        compliance=_screening(life),
        timeline=timeline(life),
        entries=_entries(life),
        holds=_holds(life),
        refunds=[] if known is None else _refunds(known),
        reviews=_reviews(life),
        disputes=[] if known is None else _disputes(known),
        deliveries=_deliveries(life),
        traces=[] if known is None else list(dict.fromkeys(one.trace for one in known.events if one.trace)),
        unreadable=life.unreadable,
    )


def _summary(known: PaymentLife, missing: str | None) -> Summary:
    payment = known.payment
    return Summary(
        status=payment.status,
        amount=payment.amount,
        currency=payment.currency,
        fee=payment.fee,
        capture="manual" if payment.manual else "automatic",
        from_wallet=encode(prefixes.WALLET, payment.from_wallet),
        to_wallet=encode(prefixes.WALLET, payment.to_wallet),
        from_customer=encode(prefixes.CUSTOMER, payment.from_customer),
        to_customer=encode(prefixes.CUSTOMER, payment.to_customer),
        created_by=payment.created_by,
        amount_captured=payment.captured,
        amount_refunded=payment.refunded,
        failure_code=payment.failure_code,
        review=payment.review,
        waits_for=missing,
        deadline_at=known.deadline_at,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
    )


def _score(life: Life) -> Score | None:
    """What fraud-service keeps, else what payment-service was told."""
    if (own := life.fraud) is not None:
        return Score(
            score=own.score,
            outcome=own.outcome,
            reasons=own.reasons,
            model_version=own.model_version,
            features=own.features,
        )
    told = life.known.payment.decision if life.known is not None else None
    if told is None or (part := told.fraud) is None:
        return None
    return Score(
        score=part.score,
        outcome=part.outcome,
        reasons=part.reasons,
        model_version=part.model_version,
        features={},
    )


def _screening(life: Life) -> Screening | None:
    """What compliance-service keeps, else what payment-service was told."""
    if (own := life.compliance) is not None:
        return Screening(outcome=own.outcome, reasons=own.reasons, limits=own.state)
    told = life.known.payment.decision if life.known is not None else None
    if told is None or (part := told.compliance) is None:
        return None
    return Screening(outcome=part.outcome, reasons=part.reasons, limits=None)


def _entries(life: Life) -> list[Booked]:
    if life.ledger is None:
        return []
    names = transfer_names(life.payment_id, life.known)
    kinds = {one.id: one.kind for one in life.ledger.transfers}
    accounts = {} if life.known is None else _accounts(life.known.payment)
    return [
        Booked(
            at=entry.recorded_at,
            transfer=names.get(entry.transfer_id, kinds.get(entry.transfer_id, "transfer")),
            account=accounts.get(entry.account_id, entry.account_kind),
            amount=entry.posted_change,
            held_change=entry.held_change,
            balance=entry.posted,
            held=entry.held,
        )
        for entry in life.ledger.entries
        if entry.posted_change or entry.held_change
    ]


def _accounts(payment: PaymentFacts) -> dict[UUID, str]:
    own = {system_account_id(kind, payment.currency): kind for kind in _KINDS}
    return {**own, payment.from_account: "payer", payment.to_account: "payee"}


def _holds(life: Life) -> list[Held]:
    if life.ledger is None:
        return []
    kinds = {one.id: one.kind for one in life.ledger.transfers}
    return [
        Held(
            amount=hold.amount,
            expires_at=hold.expires_at,
            resolved_by=None if hold.resolved_by is None else kinds.get(hold.resolved_by, "transfer"),
        )
        for hold in life.ledger.holds
    ]


def _refunds(known: PaymentLife) -> list[RefundShown]:
    return [
        RefundShown(
            id=encode(prefixes.REFUND, refund.id),
            amount=refund.amount,
            status=refund.status,
            failure_code=refund.failure_code,
            created_at=refund.created_at,
        )
        for refund in known.refunds
    ]


def _reviews(life: Life) -> list[ReviewShown]:
    return [
        ReviewShown(
            id=encode(prefixes.REVIEW, review.id),
            kind=review.kind,
            status=review.status,
            label=review.label,
            decided_by=review.decided_by,
            opened_at=review.opened_at,
            decided_at=review.decided_at,
        )
        for review in (life.reviews.reviews if life.reviews is not None else [])
    ]


def _disputes(known: PaymentLife) -> list[DisputeShown]:
    return [
        DisputeShown(
            id=encode(prefixes.DISPUTE, dispute.id),
            kind=dispute.kind,
            status=dispute.status,
            opened_at=dispute.opened_at,
            resolved_at=dispute.resolved_at,
        )
        for dispute in known.disputes
    ]


def _deliveries(life: Life) -> list[DeliveryShown]:
    return [
        DeliveryShown(
            id=encode(prefixes.DELIVERY, delivery.id),
            endpoint=encode(prefixes.WEBHOOK_ENDPOINT, delivery.endpoint_id),
            event=delivery.event_type,
            status=delivery.status,
            attempts=delivery.attempts,
            next_at=delivery.next_at,
            last=delivery.last,
        )
        for delivery in life.deliveries or []
    ]
