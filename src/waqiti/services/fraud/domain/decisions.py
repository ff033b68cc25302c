"""From a score to a decision."""

import msgspec

from waqiti.contracts.fraud import FraudDecision, FraudOutcome, Reason, ScoreRequest
from waqiti.services.fraud.domain.history import History
from waqiti.services.fraud.domain.rules import Hits, RuleSet


class Thresholds(msgspec.Struct, frozen=True):
    """``decline_at`` is FRAUD_THRESHOLD, ``review_at`` MANUAL_REVIEW_THRESHOLD; ``review_at`` may be the higher one:
    then there is no review band.
    """

    decline_at: float
    review_at: float
    review: bool

    def outcome(self, score: float) -> FraudOutcome:
        """Return what ``score`` leads to."""
        if score >= self.decline_at:
            return "decline"
        return "review" if self.review and score >= self.review_at else "approve"


class Judged(msgspec.Struct, frozen=True):
    """An item with its decision and what led to it."""

    item: ScoreRequest
    decision: FraudDecision
    hits: Hits


def judge(item: ScoreRequest, history: History, rules: RuleSet, thresholds: Thresholds) -> Judged:
    """Decide about one item and count it in ``history``."""
    hits = rules.evaluate(history.features(item))
    outcome = thresholds.outcome(hits.score)
    if outcome == "decline" and hits.matched:
        history.declined(item)
    return Judged(item, decision(item, hits, outcome), hits)


def decision(item: ScoreRequest, hits: Hits, outcome: FraudOutcome) -> FraudDecision:
    """Return the decision; one that no rule asked for names the threshold as its reason."""
    reasons = hits.reasons
    if not reasons and outcome != "approve":
        reasons = [Reason("score_at_threshold", "The score reaches the threshold that is set.")]
    return FraudDecision(id=item.id, score=hits.score, outcome=outcome, reasons=reasons)
