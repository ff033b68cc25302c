"""From what rules and the model say to a decision."""

from typing import Final

import msgspec

from waqiti.contracts.fraud import FraudDecision, FraudOutcome, Reason, ScoreRequest
from waqiti.scoring.view import View
from waqiti.services.fraud.domain.rules import Hits, RuleSet
from waqiti.services.fraud.domain.signals import Signals

_LEAST_EXPLAINED: Final = 0.05
"""A score of the model beneath this suspects nobody, however low the thresholds are set; nothing explains it."""


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

    def wants_reasons(self, score: float) -> bool:
        """Tell whether a score of the model is one to be explained."""
        return score >= max(min(self.review_at, self.decline_at), _LEAST_EXPLAINED)


class Sight(msgspec.Struct, frozen=True):
    """An item and what was known before it; ``row`` holds its features in the order of the catalogue."""

    item: ScoreRequest
    seen: View
    row: list[float]


class Opinion(msgspec.Struct, frozen=True):
    """What the model says of one item: its version, its score to 4 places, and its reasons where they are wanted."""

    version: str
    score: float
    reasons: tuple[Reason, ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """An item with its decision and what led to it; without an ``opinion`` rules alone decided."""

    sight: Sight
    decision: FraudDecision
    hits: Hits
    opinion: Opinion | None = None


def judge(sight: Sight, opinion: Opinion | None, signals: Signals, rules: RuleSet, thresholds: Thresholds) -> Judged:
    """Decide about one item by rules and model, and add what is unusual about it to ``signals``.

    Only what rules decline makes a payee suspect to others: what the model suspects wrongly stays one decision.
    """
    item = sight.item
    hits = rules.evaluate(signals.features(item, sight.seen))
    leaves = sight.seen.leaves_the_payer
    if leaves and hits.matched and thresholds.outcome(hits.score) == "decline":
        signals.declined(item)
    return Judged(sight, decision(item, hits, opinion, thresholds), hits, opinion)


def decision(item: ScoreRequest, hits: Hits, opinion: Opinion | None, thresholds: Thresholds) -> FraudDecision:
    """Return the decision, by the higher score. One without any reason names the threshold as its own."""
    score = hits.score if opinion is None else max(hits.score, opinion.score)
    outcome = thresholds.outcome(score)
    reasons = [*hits.reasons, *opinion.reasons] if opinion is not None else hits.reasons
    if not reasons and outcome != "approve":
        reasons = [Reason("score_at_threshold", "The score reaches the threshold that is set.")]
    version = opinion.version if opinion is not None else None
    return FraudDecision(id=item.id, score=score, outcome=outcome, reasons=reasons, model_version=version)
