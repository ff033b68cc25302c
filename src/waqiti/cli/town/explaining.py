"""A few decisions, in sentences that a newcomer understands."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from waqiti.cli.town.tally import Outcome, Tally
from waqiti.client import Payment, format_amount
from waqiti.contracts import refusals

_REFUSALS: Final = (refusals.FRAUD_DECLINED, refusals.INSUFFICIENT_FUNDS, refusals.LIMIT_EXCEEDED)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: what it is an example of, who pays whom, and why it ended as it did."""

    title: str
    payment_id: str
    sentence: str
    reasons: list[str]


def explanations(tally: Tally, names: Mapping[str, str]) -> list[Explanation]:
    """Explain an approval, a review, a refusal and a hit on the list of names, where there were such.

    ``names`` are by town id.
    """
    return [
        Explanation(
            title=title,
            payment_id=outcome.payment.id,
            sentence=_sentence(outcome, names),
            reasons=list(_reasons(outcome.payment)),
        )
        for title, outcome in _examples(tally)
    ]


def _examples(tally: Tally) -> Iterator[tuple[str, Outcome]]:
    approved = tally.first("captured")
    if approved is not None:
        yield "An approval", approved
    reviewed = tally.first("in_review")
    if reviewed is not None:
        yield "A review", reviewed
    refused = [tally.first(refusals.status_of(code), code) for code in _REFUSALS]
    first = next((outcome for outcome in refused if outcome is not None), None)
    if first is not None:
        yield "A refusal", first
    hit = tally.first(refusals.status_of(refusals.SANCTIONS_HIT), refusals.SANCTIONS_HIT)
    if hit is not None:
        yield "A sanctions hit", hit


def _sentence(outcome: Outcome, names: Mapping[str, str]) -> str:
    order, payment = outcome.order, outcome.payment
    amount = format_amount(order.amount, order.currency)
    return f"{names[order.payer]} pays {names[order.payee]} {amount}: {payment.status}"


def _reasons(payment: Payment) -> Iterator[str]:
    """Say what funds, fraud rules and screening had to say, as the API answers it."""
    if payment.failure is not None:
        yield f"{payment.failure.code}: {payment.failure.detail}"
    fraud, compliance = payment.decision.fraud, payment.decision.compliance
    if fraud is not None:
        yield f"fraud score {fraud.score:.2f}: {fraud.outcome}"
        yield from (f"  {reason.code}: {reason.detail}" for reason in fraud.reasons)
    if compliance is not None:
        yield f"compliance: {compliance.outcome}"
        yield from (f"  {reason.code}: {reason.detail}" for reason in compliance.reasons)
