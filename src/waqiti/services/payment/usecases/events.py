"""The events that payments leave in the log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts.casework import PAYMENT_CASEWORK, REVIEW_DUE, REVIEW_OVER, DisputeEvent
from waqiti.contracts.payment import PAYMENT_EVENTS, PAYMENT_RESULTS, PaymentResult, Status
from waqiti.contracts.reviews import ReviewDue
from waqiti.foundation.events import NewEvent
from waqiti.foundation.telemetry import traceparent
from waqiti.services.payment.domain import reviews
from waqiti.services.payment.domain.decisions import Conclusion
from waqiti.services.payment.domain.disputes import Dispute
from waqiti.services.payment.domain.payments import CREATED, Facts, Payment, Queued, queued
from waqiti.services.payment.domain.steps import SERVICE

REQUEUED: Final = "payment.requeued"

_encode: Final = msgspec.json.Encoder().encode


def created(facts: Facts, *, event_type: str = CREATED) -> NewEvent:
    """A payment that was accepted, or is queued again: work for the group."""
    return NewEvent(PAYMENT_EVENTS, facts.from_wallet.hex, event_type, facts.id, _encode(queued(facts)), traceparent())


def concluded(conclusion: Conclusion, previous: Status, now: datetime, trace: str | None) -> NewEvent:
    """What the worker made of a payment that was waiting."""
    payment = conclusion.payment
    return _result(
        PaymentResult(
            payment_id=payment.payment_id,
            status=conclusion.status,
            previous=previous,
            from_wallet=payment.from_wallet,
            to_wallet=payment.to_wallet,
            amount=payment.amount,
            currency=payment.currency,
            amount_captured=conclusion.captured,
            amount_refunded=0,
            actor=SERVICE,
            reason=conclusion.failure_code or conclusion.review,
            failure_code=conclusion.failure_code,
            decision=conclusion.decision,
            at=now,
        ),
        trace,
    )


def waits(payment: Queued, reason: str, now: datetime, trace: str | None) -> NewEvent:
    """A payment that was set aside."""
    return _result(
        PaymentResult(
            payment_id=payment.payment_id,
            status="screening",
            previous="created",
            from_wallet=payment.from_wallet,
            to_wallet=payment.to_wallet,
            amount=payment.amount,
            currency=payment.currency,
            amount_captured=0,
            amount_refunded=0,
            actor=SERVICE,
            reason=reason,
            at=now,
        ),
        trace,
    )


def changed(payment: Payment, previous: Status, actor: str, reason: str | None) -> NewEvent:
    """A later transition: ``payment`` is as it stands after it."""
    facts, state = payment.facts, payment.state
    return _result(
        PaymentResult(
            payment_id=facts.id,
            status=state.status,
            previous=previous,
            from_wallet=facts.from_wallet,
            to_wallet=facts.to_wallet,
            amount=facts.amount,
            currency=facts.currency,
            amount_captured=state.captured,
            amount_refunded=state.refunded,
            actor=actor,
            reason=reason,
            failure_code=state.failure_code,
            decision=state.decision,
            at=state.updated_at,
        ),
        traceparent(),
    )


def review_due(due: ReviewDue, trace: str | None) -> NewEvent:
    """What people are told of a payment that waits for them from now on, or for others than before."""
    return NewEvent(PAYMENT_CASEWORK, due.from_wallet.hex, REVIEW_DUE, due.subject_id, _encode(due), trace)


def review_over(payment: Payment) -> NewEvent:
    """A payment that waits for nobody any more; ``payment`` is as it stands after it."""
    facts, state = payment.facts, payment.state
    over = reviews.over(facts.id, state.updated_at)
    return NewEvent(PAYMENT_CASEWORK, facts.from_wallet.hex, REVIEW_OVER, facts.id, _encode(over), traceparent())


def disputed(facts: Facts, dispute: Dispute, what: str) -> NewEvent:
    """A dispute about a payment that was opened or resolved: ``what`` is the type of the event."""
    told = DisputeEvent(
        dispute_id=dispute.id,
        payment_id=facts.id,
        kind=dispute.kind,
        status=dispute.status,
        actor=dispute.resolved_by or dispute.opened_by,
        at=dispute.resolved_at or dispute.opened_at,
    )
    return NewEvent(PAYMENT_CASEWORK, facts.from_wallet.hex, what, dispute.id, _encode(told), traceparent())


def topics(events: Sequence[NewEvent]) -> frozenset[str]:
    """Return the topics whose readers are to be woken once ``events`` are committed."""
    return frozenset(event.topic for event in events)


def _result(result: PaymentResult, trace: str | None) -> NewEvent:
    kind = f"payment.{result.status}"
    return NewEvent(PAYMENT_RESULTS, result.from_wallet.hex, kind, result.payment_id, _encode(result), trace)
