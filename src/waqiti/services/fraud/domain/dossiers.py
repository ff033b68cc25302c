"""The reviews of one movement, round by round: what is due, what people decide, and when that is a verdict.

A round begins when something is due and nothing is open. All of it must be approved; the first decline ends it, and
with it every later one. What is open when nobody waits any more is closed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, get_args
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import Reason
from waqiti.contracts.public.reviews import Label, ReviewStatus
from waqiti.contracts.reviews import ReviewDue, ReviewKind, ReviewOutcome, ReviewOver, ReviewSubject, Verdict
from waqiti.foundation.errors import Problem

KINDS: Final[tuple[ReviewKind, ...]] = get_args(ReviewKind)
STATUSES: Final[tuple[ReviewStatus, ...]] = get_args(ReviewStatus)
DECIDED: Final[dict[ReviewOutcome, ReviewStatus]] = {"approve": "approved", "decline": "declined"}


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a person to look at a movement. ``decided_at`` is when it was decided or closed."""

    id: UUID
    subject: ReviewSubject
    subject_id: UUID
    round: int
    kind: ReviewKind
    status: ReviewStatus = "open"
    from_wallet: UUID
    to_wallet: UUID | None
    amount: int
    currency: str
    score: float | None
    reasons: list[Reason]
    opened_at: datetime
    decide_by: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    label: Label | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about one review."""

    outcome: ReviewOutcome
    reason: str
    label: Label | None
    actor: str
    at: datetime


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """A movement with all its reviews, the oldest first. ``fate`` is what the present round came to."""

    subject: ReviewSubject
    subject_id: UUID
    round: int = 0
    due_at: datetime | None = None
    over_at: datetime | None = None
    fate: ReviewOutcome | None = None
    reviews: tuple[Review, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it."""
        return any(review.status == "open" for review in self.reviews)

    def due(self, item: ReviewDue, mint: Callable[[], UUID]) -> "Dossier":
        """Take in what is due now; one that was taken in before, is over, or was declined changes nothing."""
        if self.fate == "decline" or _passed(item.at, self.due_at) or _passed(item.at, self.over_at):
            return self
        before = self if self.is_open else msgspec.structs.replace(self, round=self.round + 1, fate=None)
        stay = before.kinds("open") | before.kinds("approved")
        kept = [_updated(review, item) for review in before.reviews]
        new = [_opened(mint(), before.round, kind, item) for kind in KINDS if kind in item.kinds and kind not in stay]
        return _settled(msgspec.structs.replace(before, due_at=item.at, reviews=(*kept, *new)))

    def over(self, item: ReviewOver) -> "Dossier":
        """Close what is open."""
        reviews = _closed(self.reviews, item.at)
        over_at = item.at if self.over_at is None else max(item.at, self.over_at)
        return msgspec.structs.replace(self, over_at=over_at, reviews=reviews)

    def decide(self, review_id: UUID, decision: Decision) -> "Dossier":
        """Decide about one review.

        Raises:
            Problem: 409 ``conflict`` where it is not open, or its movement was given up by its owner's clock.
        """
        review = self.review(review_id)
        if review.status != "open":
            raise Problem.conflict(f"This review is {review.status} already.")
        if review.decide_by is not None and decision.at >= review.decide_by:
            raise Problem.conflict("It is too late: nobody decided in time.")
        decided = [_decided(review, decision) if review.id == review_id else review for review in self.reviews]
        reviews = _closed(decided, decision.at) if decision.outcome == "decline" else tuple(decided)
        return _settled(msgspec.structs.replace(self, reviews=reviews))

    def review(self, review_id: UUID) -> Review:
        """Return one of the reviews."""
        return next(review for review in self.reviews if review.id == review_id)

    def verdict(self) -> Verdict:
        """Say what the present round came to; it has come to something."""
        assert self.fate is not None
        decided = [row for row in self.reviews if row.decided_by is not None and row.decided_at is not None]
        last = max(decided, key=lambda row: (row.decided_at, row.id))
        assert last.decided_by is not None
        assert last.reason is not None
        approved = {review.kind for review in self.reviews if review.status == "approved"}
        return Verdict(
            subject_id=self.subject_id,
            outcome=self.fate,
            approved=[kind for kind in KINDS if kind in approved],
            declined=next(iter(self.kinds("declined")), None),
            actor=last.decided_by,
            reason=last.reason,
        )

    def kinds(self, status: ReviewStatus) -> set[ReviewKind]:
        """Return the kinds that have a review of ``status`` in the present round."""
        return {review.kind for review in self.reviews if review.status == status and review.round == self.round}


def _settled(dossier: Dossier) -> Dossier:
    """Find the fate of a round in which nothing is open any more."""
    if dossier.kinds("declined"):
        return msgspec.structs.replace(dossier, fate="decline")
    if not dossier.is_open and dossier.kinds("approved"):
        return msgspec.structs.replace(dossier, fate="approve")
    return dossier


def _updated(review: Review, item: ReviewDue) -> Review:
    """Say what is known now of a review that is still due; close one that is due no more."""
    if review.status != "open":
        return review
    if review.kind not in item.kinds:
        return _close(review, item.at)
    return msgspec.structs.replace(review, score=item.score, reasons=item.reasons, decide_by=item.decide_by)


def _passed(at: datetime, mark: datetime | None) -> bool:
    return mark is not None and at <= mark


def _opened(review_id: UUID, number: int, kind: ReviewKind, item: ReviewDue) -> Review:
    return Review(
        id=review_id,
        subject=item.subject,
        subject_id=item.subject_id,
        round=number,
        kind=kind,
        from_wallet=item.from_wallet,
        to_wallet=item.to_wallet,
        amount=item.amount,
        currency=item.currency,
        score=item.score,
        reasons=item.reasons,
        opened_at=item.at,
        decide_by=item.decide_by,
    )


def _closed(reviews: Iterable[Review], at: datetime) -> tuple[Review, ...]:
    return tuple(_close(review, at) if review.status == "open" else review for review in reviews)


def _close(review: Review, at: datetime) -> Review:
    return msgspec.structs.replace(review, status="closed", decided_at=at)


def _decided(review: Review, decision: Decision) -> Review:
    return msgspec.structs.replace(
        review,
        status=DECIDED[decision.outcome],
        decided_at=decision.at,
        decided_by=decision.actor,
        reason=decision.reason,
        label=decision.label,
    )
