"""Reviews: what people are told of them, what was found when they are to end, and whose word ends them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import ComplianceDecision
from waqiti.contracts.payment import CompliancePart, Decision
from waqiti.contracts.reviews import ReviewDue, ReviewKind, ReviewOver, Verdict
from waqiti.services.payment.domain.decisions import Screened, decision_of, score_of
from waqiti.services.payment.domain.payments import Queued, State
from waqiti.services.payment.domain.steps import SERVICE

APPROVED: Final = "review_approved"
SCORED: Final = "scored"


class Finding(msgspec.Struct, frozen=True):
    """What stands against a payment in review, and what a person still has to look at; ``decision`` is to be kept."""

    refusals: Sequence[str]
    reviews: Sequence[ReviewKind]
    decision: Decision | None


class Approval(msgspec.Struct, frozen=True):
    """Who lets a payment go on, why, and out of which reviews: one that is in another by now stays there."""

    actor: str
    reason: str
    reviews: frozenset[ReviewKind]


SCORE_CAME: Final = Approval(SERVICE, SCORED, frozenset({"no_score"}))
"""The approval of payments that could not be scored at first."""


def approval_of(verdict: Verdict) -> Approval:
    """Return the approval that people gave."""
    return Approval(verdict.actor, APPROVED, frozenset(verdict.approved))


def scored(screened: Screened) -> Finding:
    """Return what score and screening together say."""
    return Finding(screened.refusals, screened.reviews, decision_of(screened))


def undigested(state: State) -> Finding:
    """Return what is to be done where a service cannot say anything: a person looks at it as at a bad score."""
    screening = None if state.decision is None else state.decision.compliance
    possible = screening is not None and screening.outcome == "possible"
    return Finding((), ("fraud", "compliance") if possible else ("fraud",), state.decision)


def screened_again(state: State, screening: ComplianceDecision, approval: Approval) -> Finding:
    """Return what screening alone says: of the score, or that there is none, people have taken note."""
    due = screening.outcome == "possible" and "compliance" not in approval.reviews
    part = CompliancePart(outcome=screening.outcome, reasons=screening.reasons)
    fraud = None if state.decision is None else state.decision.fraud
    return Finding(screening.refusals, ("compliance",) if due else (), Decision(fraud=fraud, compliance=part))


def due(
    payment: Queued, kinds: Sequence[ReviewKind], decision: Decision | None, at: datetime, decide_by: datetime | None
) -> ReviewDue:
    """Return what people are told of a payment that waits for them, until ``decide_by`` by its clock."""
    fraud = None if decision is None else decision.fraud
    screening = None if decision is None else decision.compliance
    return ReviewDue(
        subject="payment",
        subject_id=payment.payment_id,
        kinds=list(kinds),
        from_wallet=payment.from_wallet,
        to_wallet=payment.to_wallet,
        amount=payment.amount,
        currency=payment.currency,
        score=score_of(fraud),
        reasons=[*([] if fraud is None else fraud.reasons), *([] if screening is None else screening.reasons)],
        at=at,
        decide_by=decide_by,
    )


def over(payment_id: UUID, at: datetime) -> ReviewOver:
    """Return what people are told of a payment that waits for them no longer."""
    return ReviewOver(subject="payment", subject_id=payment_id, at=at)
