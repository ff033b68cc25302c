"""A withdrawal in review: what people are told of it, and what ends it: their verdict, its score, or time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from waqiti.contracts import patience
from waqiti.contracts.compliance import ComplianceDecision
from waqiti.contracts.fraud import FraudDecision, Reason
from waqiti.contracts.ledger import Account
from waqiti.contracts.refusals import (
    FRAUD_DECLINED,
    REVIEW_EXPIRED,
    SANCTIONS_HIT,
    WALLET_CLOSED,
    WALLET_FROZEN,
    first,
    status_of,
)
from waqiti.contracts.reviews import ReviewDue, ReviewKind, ReviewOver, Verdict
from waqiti.services.wallet.domain.movements import NO_SCORE, Change, MovementRow, Review, Step, described, later

APPROVED: Final = "review_approved"
DECLINED: Final = "review_declined"
SCORED: Final = "score_approved"
_SHORTEST_WAIT: Final = timedelta(seconds=1)

Ending: TypeAlias = Literal["approved"] | Change
"""How a review goes on: nothing is left that somebody has to approve, or otherwise."""


def review_of(
    kinds: Iterable[ReviewKind], at: datetime, fraud: FraudDecision | None = None, reasons: Sequence[Reason] = ()
) -> Review:
    """Return a review that is due from ``at`` on; ``reasons`` are those of screening."""
    found = [] if fraud is None else fraud.reasons
    return Review(kinds=tuple(kinds), score=None if fraud is None else fraud.score, reasons=(*found, *reasons), at=at)


def begun(found: Review) -> Change:
    """Hold a withdrawal for people; they are to be told."""
    return Change(status="in_review", step="file", reason="+".join(found.kinds), review=found)


def due(withdrawal: MovementRow) -> ReviewDue:
    """Return what people are told. Told again it is the same, its time included, and so is there once."""
    found = _review(withdrawal)
    return ReviewDue(
        subject="withdrawal",
        subject_id=withdrawal.id,
        kinds=list(found.kinds),
        from_wallet=withdrawal.wallet_id,
        to_wallet=None,
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        score=found.score,
        reasons=list(found.reasons),
        at=found.at,
        decide_by=_decide_by(withdrawal),
    )


def over(withdrawal: MovementRow, at: datetime) -> ReviewOver:
    """Return what people are told when a withdrawal waits for them no longer."""
    return ReviewOver(subject="withdrawal", subject_id=withdrawal.id, at=at)


def lacks_score(withdrawal: MovementRow) -> bool:
    """Tell whether a score may end the review."""
    return NO_SCORE in _review(withdrawal).kinds


def waiting(withdrawal: MovementRow, now: datetime) -> Change:
    """Wait for a verdict, which makes the withdrawal due; without a score also for that, else until time is over."""
    if lacks_score(withdrawal):
        return _at(later(withdrawal, NO_SCORE), "review")
    left = _decide_by(withdrawal) - now
    return Change(status="in_review", step="review", reason="reviewing", pause=max(left, _SHORTEST_WAIT))


def kept(verdict: Verdict) -> Verdict:
    """Return what is stored of a verdict; its reason, which may name people, stays with those who decided."""
    return msgspec.structs.replace(verdict, reason="")


def decided(withdrawal: MovementRow, now: datetime) -> Ending | None:
    """Follow what people said, or time; None where neither has anything to say."""
    if withdrawal.verdict is not None:
        return _by_verdict(withdrawal, withdrawal.verdict)
    return _against(REVIEW_EXPIRED) if now > _decide_by(withdrawal) else None


def scored(withdrawal: MovementRow, fraud: FraudDecision, now: datetime) -> Ending:
    """Follow a score that came late: it closes its own review, and may open one like any other's."""
    if fraud.outcome == "decline":
        return _against(FRAUD_DECLINED)
    before = _review(withdrawal)
    by_score: list[ReviewKind] = ["fraud"] if fraud.outcome == "review" else []
    kinds = [*by_score, *(kind for kind in before.kinds if kind != NO_SCORE)]
    return begun(review_of(kinds, now, fraud, before.reasons)) if kinds else "approved"


def after_screening_again(
    withdrawal: MovementRow, again: ComplianceDecision, account: Account, now: datetime
) -> Change:
    """Send an approved withdrawal to the rail, unless meanwhile something speaks against it or has to be looked at."""
    flags = [WALLET_CLOSED] if account.closed else [WALLET_FROZEN] if account.frozen != "none" else []
    code = first([*again.refusals, *flags])
    if code is not None:
        return _against(code)
    approved = withdrawal.verdict.approved if withdrawal.verdict is not None else []
    if again.outcome == "possible" and "compliance" not in approved:
        found = Review(kinds=("compliance",), score=_review(withdrawal).score, reasons=tuple(again.reasons), at=now)
        return msgspec.structs.replace(begun(found), verdict_taken=True)
    reason = APPROVED if withdrawal.verdict is not None else SCORED
    return Change(status="pending", step="rail", reason=reason, verdict_taken=True)


def after_voiding(withdrawal: MovementRow) -> Change:
    """End a withdrawal whose review went against it, now that nothing is held any more."""
    assert withdrawal.failure is not None
    code = withdrawal.failure.code
    return Change(status=status_of(code), step="resolve", reason=code)


def _by_verdict(withdrawal: MovementRow, verdict: Verdict) -> Ending:
    """Follow a verdict; an approval of less than is due by now changes nothing."""
    if verdict.outcome == "decline":
        return _against(SANCTIONS_HIT if verdict.declined == "compliance" else FRAUD_DECLINED)
    if set(_review(withdrawal).kinds) <= set(verdict.approved):
        return "approved"
    return msgspec.structs.replace(later(withdrawal, "other_reviews"), verdict_taken=True)


def _against(code: str) -> Change:
    """Turn a review against the withdrawal: for good, whatever is known later, and final once the hold is void."""
    return Change(status="in_review", step="release", reason=code, failure=described(code), verdict_taken=True)


def _at(change: Change, step: Step) -> Change:
    return msgspec.structs.replace(change, step=step)


def _decide_by(withdrawal: MovementRow) -> datetime:
    """Return when its clock runs out, which another review does not wind up again."""
    return withdrawal.changed_at + patience.REVIEW


def _review(withdrawal: MovementRow) -> Review:
    assert withdrawal.review is not None
    return withdrawal.review
