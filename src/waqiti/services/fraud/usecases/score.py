"""Scoring a batch."""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.database import Connection, Database, retrying
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.fraud.domain.decisions import Judged, Thresholds, judge
from waqiti.services.fraud.domain.features import MEMORY
from waqiti.services.fraud.domain.history import History
from waqiti.services.fraud.domain.rules import RuleSet
from waqiti.services.fraud.store.reading import Known, read
from waqiti.services.fraud.store.recording import record

_decisions: Final = counter("fraud_decisions", "Decisions made, by outcome.", ["outcome"])
_matches: Final = counter("fraud_rule_matches", "Decisions that a rule had a part in.", ["rule"])
_failures: Final = counter("fraud_rule_failures", "Evaluations of a rule that ended in an error.", ["rule"])
_log: Final = logger(__name__)


class Scorer:
    """Decides about batches; the first decision about an id is the one that counts."""

    def __init__(self, database: Database, rules: RuleSet, thresholds: Thresholds) -> None:
        self._database = database
        self._rules = rules
        self._thresholds = thresholds

    def use(self, thresholds: Thresholds) -> None:
        """Decide by these thresholds from the next batch on."""
        self._thresholds = thresholds

    async def score(self, items: Sequence[ScoreRequest]) -> list[FraudDecision]:
        """Return a decision per item, in order; an id that was asked before gets its stored one and counts no more.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        if not items:
            return []
        asked: dict[UUID, ScoreRequest] = {}
        for item in items:
            asked.setdefault(item.id, item)
        decided = await retrying(lambda: self._decide(asked))
        return [decided[item.id] for item in items]

    async def _decide(self, items: dict[UUID, ScoreRequest]) -> dict[UUID, FraudDecision]:
        """Read, judge, and record in one statement, which is the whole transaction.

        Where another batch was first with an id the whole starts again, and then finds what that one left.
        """
        async with self._database.connection() as connection:
            known = await _read(connection, items)
            history = History(known.profiles, known.signals, self._rules.thresholds)
            new = [item for item in items.values() if item.id not in known.decisions]
            thresholds = self._thresholds
            judged = [judge(item, history, self._rules, thresholds) for item in new]
            if judged:
                await record(connection, judged, history.added_signals, history.added_profiles)
        _measure(judged)
        return known.decisions | {row.item.id: row.decision for row in judged}


async def _read(connection: Connection, items: dict[UUID, ScoreRequest]) -> Known:
    payers = {(item.from_customer, item.currency) for item in items.values()}
    customers = {item.from_customer for item in items.values()}
    customers.update(item.to_customer for item in items.values() if item.to_customer is not None)
    since = min(item.created_at for item in items.values()) - MEMORY
    return await read(connection, list(items), list(payers), list(customers), since)


def _measure(judged: Sequence[Judged]) -> None:
    for outcome, count in Counter(row.decision.outcome for row in judged).items():
        _decisions.labels(outcome).inc(count)
    for row in judged:
        for rule in row.hits.matched:
            _matches.labels(rule.code).inc()
        for rule in row.hits.failed:
            _failures.labels(rule.code).inc()
            _log.warning("rule_failed", rule=rule.code, payment_id=str(row.item.id))
