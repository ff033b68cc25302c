"""Payments in review because they could not be scored: scored once fraud-service is back, and closed by that."""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.fraud import FraudDecision
from waqiti.contracts.payment import PAYMENT_RESULTS, Decision
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import EventWriter
from waqiti.services.payment.domain.decisions import Clocks, fraud_part
from waqiti.services.payment.domain.payments import Payment, State, queued
from waqiti.services.payment.domain.steps import SERVICE, Asked
from waqiti.services.payment.domain.times import NO_ID
from waqiti.services.payment.store import clocks as deadlines
from waqiti.services.payment.store import payments, states
from waqiti.services.payment.usecases import events
from waqiti.services.payment.usecases.deciding import Deciding
from waqiti.services.payment.usecases.stepping import Stepping, locked

_BATCH: Final = 200


class Rescoring:
    """Walks through the reviews without a score, round and round."""

    def __init__(
        self, database: Database, writer: EventWriter, deciding: Deciding, stepping: Stepping, clocks: Clocks
    ) -> None:
        self._database = database
        self._writer = writer
        self._deciding = deciding
        self._stepping = stepping
        self._clocks = clocks
        self._after = NO_ID

    async def rescore(self) -> bool:
        """Score the next of them; tell whether any was."""
        async with self._database.connection() as connection:
            ids = await deadlines.without_score(connection, self._after, _BATCH)
            self._after = ids[-1] if len(ids) == _BATCH else NO_ID
            found = await payments.read(connection, ids) if ids else []
        if not found:
            return False
        scores = await self._deciding.score([queued(payment.facts) for payment in found])
        if scores is None:
            return False
        for payment, score in zip(found, scores, strict=True):
            await self._close(payment, score)
        return True

    async def _close(self, payment: Payment, score: FraudDecision) -> None:
        decision = _with_score(payment.state.decision, score)
        if score.outcome == "review":
            await self._stay(payment, decision)
        elif score.outcome == "decline":
            declined = Asked(
                kind="void",
                becomes="declined",
                failure_code=refusals.FRAUD_DECLINED,
                actor=SERVICE,
                reason=refusals.FRAUD_DECLINED,
            )
            await self._stepping.take(payment.facts.id, declined, decision)
        elif payment.facts.manual:
            await self._authorize(payment, decision)
        else:
            captured = Asked(kind="capture", becomes="captured", actor=SERVICE, reason="scored")
            await self._stepping.take(payment.facts.id, captured, decision)

    async def _stay(self, payment: Payment, decision: Decision) -> None:
        async with self._database.transaction() as connection:
            state = await self._still_unscored(connection, payment)
            deadline = await deadlines.read(connection, payment.facts.id)
            if state is None or deadline is None:
                return
            reviewed = msgspec.structs.replace(state, review="fraud", decision=decision, updated_at=utc_now())
            await states.write(connection, payment.facts.id, reviewed)
            await deadlines.write(connection, payment.facts.id, deadline, no_score=False)

    async def _authorize(self, payment: Payment, decision: Decision) -> None:
        async with self._database.transaction() as connection:
            state = await self._still_unscored(connection, payment)
            if state is None:
                return
            now = utc_now()
            authorized = msgspec.structs.replace(
                state, status="authorized", review=None, decision=decision, updated_at=now
            )
            await states.write(connection, payment.facts.id, authorized)
            await deadlines.write(connection, payment.facts.id, self._deadline(now), no_score=False)
            event = events.changed(Payment(payment.facts, authorized), state.status, SERVICE, "scored")
            await self._writer.append(connection, [event])
        self._writer.hint((PAYMENT_RESULTS,))

    async def _still_unscored(self, connection: Connection, payment: Payment) -> State | None:
        state = (await locked(connection, payment.facts.id)).state
        return state if state.status == "in_review" and state.review == "no_score" else None

    def _deadline(self, now: datetime) -> datetime:
        return now + self._clocks.authorization


def _with_score(decision: Decision | None, score: FraudDecision) -> Decision:
    return Decision(fraud=fraud_part(score), compliance=None if decision is None else decision.compliance)
