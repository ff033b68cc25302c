"""What happened to a payment, by whom and when, from all who wrote something down, in the order of time."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts import casework
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT
from waqiti.foundation.money import format_amount
from waqiti.operations.facts.ledger import TransferFacts
from waqiti.operations.facts.payment import Happened, PaymentLife
from waqiti.operations.payments.life import Life, transfer_names


class Moment(msgspec.Struct, frozen=True):
    """Something that happened; ``who`` is a deployment, a key or an operator."""

    at: datetime
    who: str
    what: str


def timeline(life: Life) -> list[Moment]:
    """Return everything that has a time, the oldest first."""
    moments = [*_decisions(life), *_people(life), *_transfers(life)]
    if life.known is not None:
        moments += _of_payment(life.known)
    return sorted(moments, key=lambda moment: moment.at)


def _of_payment(known: PaymentLife) -> Iterator[Moment]:
    currency = known.payment.currency
    for event in known.events:
        yield _event(event)
    for one in known.poisoned:
        yield Moment(one.at, PAYMENT, f"could not be processed: {one.error}")
    for step in known.steps:
        amount = format_amount(step.amount, currency)
        end = f"{step.status} by {step.code}" if step.code else step.status
        yield Moment(step.created_at, step.actor, f"{step.kind} of {amount} asked{_why(step.reason)}; {end}")
    for refund in known.refunds:
        amount = format_amount(refund.amount, currency)
        end = f"{refund.status} by {refund.failure_code}" if refund.failure_code else refund.status
        yield Moment(refund.created_at, refund.actor, f"refund {refund.number} of {amount} asked; {end}")
    yield from _disputes(known)


def _disputes(known: PaymentLife) -> Iterator[Moment]:
    for dispute in known.disputes:
        yield Moment(dispute.opened_at, dispute.opened_by, f"dispute opened: {dispute.kind}")
        if dispute.resolved_at is not None:
            yield Moment(
                dispute.resolved_at, dispute.resolved_by or PAYMENT, f"dispute {dispute.kind} {dispute.status}"
            )


def _event(event: Happened) -> Moment:
    if event.status is None:
        return Moment(event.at, PAYMENT, _in_words(event))
    return Moment(event.at, event.actor, f"{event.status.upper()}{_why(event.reason)}")


def _in_words(event: Happened) -> str:
    match event.type:
        case "payment.requeued":
            return "queued again"
        case casework.REVIEW_DUE:
            return (
                "waits for a score, or a person"
                if event.reason == "no_score"
                else f"waits for a person: {event.reason}"
            )
        case casework.REVIEW_OVER:
            return "waits for nobody any more"
    return event.type + _why(event.reason)


def _decisions(life: Life) -> Iterator[Moment]:
    if life.fraud is not None:
        reasons = ", ".join(reason.code for reason in life.fraud.reasons)
        yield Moment(life.fraud.decided_at, FRAUD, f"score {life.fraud.score:.2f}: {life.fraud.outcome}{_why(reasons)}")
    if life.compliance is not None:
        reasons = ", ".join(reason.code for reason in life.compliance.reasons)
        said = f"screened: {life.compliance.outcome}{_why(reasons)}; limits {life.compliance.state}"
        yield Moment(life.compliance.reserved_at, COMPLIANCE, said)


def _people(life: Life) -> Iterator[Moment]:
    if life.reviews is None:
        return
    for review in life.reviews.reviews:
        yield Moment(review.opened_at, FRAUD, f"review opened: {review.kind}")
        if review.decided_at is not None:
            label = f", labelled {review.label}" if review.label else ""
            said = f"review {review.kind} {review.status}{label}"
            yield Moment(review.decided_at, review.decided_by or FRAUD, said)
    for verdict in life.reviews.verdicts:
        if verdict.told_at is not None:
            yield Moment(verdict.told_at, FRAUD, f"verdict told: {verdict.outcome}; {PAYMENT}: {verdict.answer}")


def _transfers(life: Life) -> Iterator[Moment]:
    if life.ledger is None:
        return
    names = transfer_names(life.payment_id, life.known)
    for transfer in life.ledger.transfers:
        yield Moment(transfer.recorded_at, LEDGER, _transfer(transfer, names))


def _transfer(transfer: TransferFacts, names: dict[UUID, str]) -> str:
    name = names.get(transfer.id, f"{transfer.kind} of {transfer.purpose}")
    if transfer.outcome == "refused":
        return f"{name}: refused by {transfer.code}"
    return f"{name}: {format_amount(transfer.amount, transfer.currency)} {transfer.outcome}"


def _why(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
