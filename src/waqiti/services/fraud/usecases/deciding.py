"""What operators do with reviews: list, read, decide."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public import reviews as public
from waqiti.contracts.public.common import PublicReason
from waqiti.contracts.public.reviews import NewReviewDecision, ReviewStatus
from waqiti.contracts.reviews import ReviewKind
from waqiti.foundation import ids
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.ids import LAST_ID
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.fraud.domain.dossiers import DECIDED, KINDS, STATUSES, Decision, Review
from waqiti.services.fraud.domain.labels import Finding
from waqiti.services.fraud.store import dossiers, reviews, verdicts
from waqiti.services.fraud.store.verdicts import Telling
from waqiti.services.fraud.usecases.learning import learn
from waqiti.services.fraud.usecases.telling import Teller

_encode: Final = msgspec.json.Encoder().encode
_decisions: Final = counter("fraud_reviews_decided", "Reviews that a person decided.", ["kind", "outcome"])
_log: Final = logger(__name__)


class Reviews:
    """The queue as operators see it."""

    def __init__(self, database: Database, teller: Teller) -> None:
        self._database = database
        self._teller = teller

    async def newest(
        self, status: ReviewStatus | None, kind: ReviewKind | None, before: UUID | None, limit: int
    ) -> list[Review]:
        """List reviews, the newest first, from below the id ``before``."""
        statuses: Sequence[ReviewStatus] = STATUSES if status is None else (status,)
        kinds: Sequence[ReviewKind] = KINDS if kind is None else (kind,)
        async with self._database.connection() as connection:
            return await reviews.newest(connection, statuses, kinds, before or LAST_ID, limit)

    async def read(self, review_id: UUID) -> Review:
        """Read a review.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            review = await reviews.find(connection, review_id)
        if review is None:
            raise _unknown()
        return review

    async def decide(
        self, request: RequestKey, request_id: str, review_id: UUID, asked: NewReviewDecision, actor: str
    ) -> Answer:
        """Decide a review; where that is a verdict about its movement the owner is told, and waited for for a second.

        A decision that is stored is one, whether the owner has heard of it yet or not: then it is told later. The same
        made again, under another key, is a conflict; where the owner did not know the movement it is told again.

        Raises:
            Problem: what ``begin`` raises.
        """
        decision = Decision(outcome=asked.outcome, reason=asked.reason, label=asked.label, actor=actor, at=utc_now())
        tellings: list[Telling] = []
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            try:
                review, tellings = await _decide(connection, review_id, decision)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            answer = await keep(connection, request, Answer(200, _encode(view(review))))
        if review.decided_at == decision.at:
            _decisions.labels(review.kind, decision.outcome).inc()
        for telling in tellings:
            await self._tell(telling)
        return answer

    async def _tell(self, telling: Telling) -> None:
        try:
            await self._teller.tell(telling)
        except DependencyUnavailable as problem:
            _log.warning("verdict_left_to_the_worker", code=problem.code, detail=problem.detail)


def view(review: Review) -> public.Review:
    """Return a review as the API shows it."""
    is_payment = review.subject == "payment"
    return public.Review(
        id=ids.encode(prefixes.REVIEW, review.id),
        kind=review.kind,
        status=review.status,
        payment_id=ids.encode(prefixes.PAYMENT, review.subject_id) if is_payment else None,
        withdrawal_id=None if is_payment else ids.encode(prefixes.WITHDRAWAL, review.subject_id),
        from_wallet=ids.encode(prefixes.WALLET, review.from_wallet),
        to_wallet=ids.encode(prefixes.WALLET, review.to_wallet) if review.to_wallet is not None else None,
        amount=review.amount,
        currency=review.currency,
        score=review.score,
        reasons=[PublicReason(reason.code, reason.detail) for reason in review.reasons],
        opened_at=review.opened_at,
        decide_by=review.decide_by,
        decided_at=review.decided_at,
        decided_by=review.decided_by,
        reason=review.reason,
        label=review.label,
    )


async def _decide(connection: Connection, review_id: UUID, decision: Decision) -> tuple[Review, list[Telling]]:
    """Decide, label, and store the verdict where there is one, in the lease of who does so.

    A decision that is made again has its verdict told again, where the movement's owner did not know of it.
    """
    known = await reviews.find(connection, review_id)
    if known is None:
        raise _unknown()
    before = await dossiers.hold(connection, {known.subject_id: known.subject})
    dossier = before[known.subject_id]
    if dossier.review(review_id).status == DECIDED[decision.outcome]:
        again = await verdicts.revive(connection, known.subject_id, dossier.round, ids.new_id())
        if again:
            return dossier.review(review_id), again
    after = dossier.decide(review_id, decision)
    tellings = await dossiers.write(connection, before, {known.subject_id: after}, ids.new_id())
    if decision.label is not None:
        await learn(connection, [_finding(after.review(review_id), decision)])
    return after.review(review_id), tellings


def _finding(review: Review, decision: Decision) -> Finding:
    assert decision.label is not None
    return Finding(
        subject_id=review.subject_id,
        source="review",
        origin=review.id,
        label=decision.label,
        actor=decision.actor,
        at=decision.at,
    )


def _unknown() -> Problem:
    return Problem.not_found("There is no such review.")
