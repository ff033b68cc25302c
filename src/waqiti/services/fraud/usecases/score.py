"""Scoring a batch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.database import Connection, Database, retrying
from waqiti.foundation.telemetry import counter, logger
from waqiti.scoring.history import History, features
from waqiti.services.fraud.domain.batches import Asked
from waqiti.services.fraud.domain.decisions import Judged, Sight, Thresholds, judge
from waqiti.services.fraud.domain.rules import RuleSet
from waqiti.services.fraud.domain.signals import Signals
from waqiti.services.fraud.store import parties
from waqiti.services.fraud.store.reading import Known, read
from waqiti.services.fraud.store.recording import record
from waqiti.services.fraud.usecases.asking import Serving, opinions

_decisions: Final = counter("fraud_decisions", "Decisions made, by outcome.", ["outcome"])
_matches: Final = counter("fraud_rule_matches", "Decisions that a rule had a part in.", ["rule"])
_failures: Final = counter("fraud_rule_failures", "Evaluations of a rule that ended in an error.", ["rule"])
_conflicts: Final = counter("fraud_batches_again", "Batches that met another one of the same parties.")
_log: Final = logger(__name__)


class Scorer:
    """Decides about batches; the first decision about an id is the one that counts."""

    def __init__(self, database: Database, rules: RuleSet, thresholds: Thresholds, serving: Serving) -> None:
        self._database = database
        self._rules = rules
        self._thresholds = thresholds
        self._serving = serving

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
        asked = Asked.of(items)
        attempts = 0

        async def work() -> dict[UUID, FraudDecision]:
            nonlocal attempts
            attempts += 1
            return await (self._optimistic(asked) if attempts == 1 else self._holding(asked))

        decided = await retrying(work)
        return [decided[item.id] for item in items]

    async def _optimistic(self, asked: Asked) -> dict[UUID, FraudDecision]:
        """Read, judge, and record in one statement, which is the whole transaction.

        Where another batch was first with an id, or with the history of a party, nothing is recorded.
        """
        async with self._database.connection() as connection:
            return await self._decide(connection, asked)

    async def _holding(self, asked: Asked) -> dict[UUID, FraudDecision]:
        """Do the same with all parties held, so that no other batch can come between."""
        _conflicts.inc()
        async with self._database.transaction() as connection:
            await parties.hold(connection, asked.parties)
            return await self._decide(connection, asked)

    async def _decide(self, connection: Connection, asked: Asked) -> dict[UUID, FraudDecision]:
        known = await read(connection, asked)
        history = History(known.customers, known.pairs)
        sights = _sights(history, asked, known)
        thresholds, served = self._thresholds, self._serving.served
        said = await opinions(served, sights, thresholds)
        signals = Signals(known.signals, self._rules.thresholds)
        judged = [
            judge(sight, opinion, signals, self._rules, thresholds) for sight, opinion in zip(sights, said, strict=True)
        ]
        if judged:
            await record(connection, judged, signals.added, history, asked, known.versions)
        _measure(judged)
        return known.decisions | {row.decision.id: row.decision for row in judged}


def _sights(history: History, asked: Asked, known: Known) -> list[Sight]:
    """Look at the items that are new, each with those before it counted."""
    found = []
    for item in asked.items.values():
        if item.id not in known.decisions:
            seen = history.see(asked.movements[item.id])
            found.append(Sight(item, seen, features(seen)))
    return found


def _measure(judged: Iterable[Judged]) -> None:
    for outcome, count in Counter(row.decision.outcome for row in judged).items():
        _decisions.labels(outcome).inc(count)
    for row in judged:
        for rule in row.hits.matched:
            _matches.labels(rule.code).inc()
        for rule in row.hits.failed:
            _failures.labels(rule.code).inc()
            _log.warning("rule_failed", rule=rule.code, payment_id=str(row.decision.id))
