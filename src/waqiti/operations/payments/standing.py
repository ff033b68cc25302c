"""Where a payment stands and what happens next, in one sentence that somebody woken at night understands."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from waqiti.contracts import refusals
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT
from waqiti.foundation.money import format_amount
from waqiti.operations.facts.payment import ParkedFacts, PaymentFacts, PaymentLife
from waqiti.operations.payments.ages import until
from waqiti.operations.payments.life import Life

_NO_SCORE: Final = "no_score"
_REVIEWS: Final = {
    "fraud": "its score is in the review band",
    "compliance": "screening found a possible hit",
}


NONE_ISOLATED: Final[Mapping[str, str]] = MappingProxyType({})


def standing(life: Life, now: datetime, isolated: Mapping[str, str] = NONE_ISOLATED) -> str:
    """Return the sentence; it names who has to act, and by when if anything happens by itself.

    ``isolated`` are the deployments that are cut off, each with the command that ends it: a second sentence names those
    without which the payment does not move.
    """
    cut_off = [
        f"{service} is cut off by ISOLATION_MODE and does nothing until: {isolated[service]}"
        for service in _moved_by(life)
        if service in isolated
    ]
    return " ".join([_standing(life, now), *cut_off])


def _moved_by(life: Life) -> tuple[str, ...]:
    """Return the deployments without which what happens next does not."""
    known = life.known
    if known is None:
        return ()
    if "pending" in {*(one.status for one in known.refunds), *(one.status for one in known.steps)}:
        return (PAYMENT, LEDGER)
    match known.payment.status:
        case "created" | "authorized":
            return (PAYMENT,)
        case "in_review":
            return (PAYMENT, FRAUD)
        case "screening":
            missing = waits_for(life)
            return (PAYMENT,) if missing is None else (PAYMENT, missing)
    return ()


def _standing(life: Life, now: datetime) -> str:
    known = life.known
    if known is None:
        return _unknown(life)
    payment = known.payment
    pending = [one for one in known.refunds if one.status == "pending"]
    if pending:
        amount = _amount(pending[0].amount, payment)
        return f"A refund of {amount} is under way: payment-service asks the ledger again every second until it ends."
    match payment.status:
        case "created":
            return _created(known)
        case "screening":
            return _screening(life, known, now)
        case "in_review" | "authorized":
            return _held(known, now)
    return _ended(life, payment)


def waits_for(life: Life) -> str | None:
    """Return the deployment whose answer is missing, as far as the databases tell; None where that is not known."""
    known = life.known
    if known is None or known.parked is None or known.parked.reason != "away":
        return None
    away = {one.fact for one in life.unreadable}
    for fact, answer, deployment in (("score", life.fraud, FRAUD), ("screening", life.compliance, COMPLIANCE)):
        if answer is None:
            return None if fact in away else deployment
    return LEDGER


def _unknown(life: Life) -> str:
    if any(one.fact == "payment" for one in life.unreadable):
        return "payment-service's database does not answer: where the payment stands cannot be known now."
    return "There is no such payment."


def _created(known: PaymentLife) -> str:
    if known.in_line:
        return "It stands in line, and is decided as soon as a worker of payment-service takes its event."
    return "No event that is to come will move it: the sweeper queues it again, or waqiti payments redrive does now."


def _screening(life: Life, known: PaymentLife, now: datetime) -> str:
    parked = known.parked
    if parked is None:
        return "It is screening but not parked, which no release of payment-service leaves behind: look at its log."
    if parked.reason == "poison":
        return _poison(known, parked, now)
    missing = waits_for(life)
    who = "a service that did not answer" if missing is None else missing
    return f"It has waited for {who} for {until(now, parked.parked_at)}, and is asked about again every two seconds."


def _poison(known: PaymentLife, parked: ParkedFacts, now: datetime) -> str:
    why = f" ({known.poisoned[-1].error.rstrip('.')})" if known.poisoned else ""
    when = "now" if parked.retry_at <= now else f"in {until(parked.retry_at, now)}"
    return f"It could not be decided{why}: mend that and redrive it; by itself it is asked about again {when}."


def _held(known: PaymentLife, now: datetime) -> str:
    payment, deadline = known.payment, known.deadline_at
    amount = _amount(payment.amount, payment)
    end = "its clock is not known" if deadline is None else f"{until(deadline, now)} are left"
    if any(step.status == "pending" for step in known.steps):
        return f"{amount} are held and a step is under way: payment-service asks the ledger until it has answered."
    if payment.status == "authorized":
        return f"{amount} are held until the client captures or voids; {end}, then they are released."
    if payment.review == _NO_SCORE:
        return (
            f"{amount} are held because there was no score in time: it is scored as soon as {FRAUD} answers, and goes "
            f"on by itself unless the score says review; a person may decide before; {end}, then it is declined."
        )
    why = _REVIEWS.get(payment.review or "", "it is to be reviewed")
    return f"{amount} are held because {why}: a person has to approve or decline it; {end}, then it is declined."


def _ended(life: Life, payment: PaymentFacts) -> str:
    captured, refunded = _amount(payment.captured, payment), _amount(payment.refunded, payment)
    match payment.status:
        case "captured":
            return f"It has ended: {captured} moved. Nothing more happens unless it is refunded or disputed."
        case "partially_refunded":
            return f"It has ended: {captured} moved and {refunded} of that went back. More may be refunded."
        case "refunded":
            return f"It has ended: all of the {captured} that moved went back."
        case "canceled":
            return "It has ended: it was voided before any money moved."
        case "expired":
            return "It has ended: the hold ran out before it was captured, and no money moved."
    code = payment.failure_code or "no code"
    why = _approved_in_vain(life, payment) or refusals.sentence(code)
    return f"It has ended, {payment.status} by {code}, and no money moved. {why}"


def _approved_in_vain(life: Life, payment: PaymentFacts) -> str | None:
    """Say why a payment ran out of time although somebody had approved it; None where nobody had."""
    if payment.failure_code != refusals.REVIEW_EXPIRED or life.reviews is None:
        return None
    if any(verdict.outcome == "approve" for verdict in life.reviews.verdicts):
        return "People did approve it, but its clock ran out before payment-service could act upon that."
    if any(review.status == "approved" for review in life.reviews.reviews):
        return "People approved some of its reviews, but not all of them in time."
    return None


def _amount(amount: int, payment: PaymentFacts) -> str:
    return format_amount(amount, payment.currency)
