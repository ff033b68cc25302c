"""Steps after the first one: stored, asked of the ledger, and written as it answered."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.ledger import HOLD_RESOLVED, LedgerClient, TransferResult
from waqiti.contracts.payment import Decision
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import EventWriter, NewEvent
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.domain.states import HELD
from waqiti.services.payment.domain.steps import SERVICE, Asked, Step
from waqiti.services.payment.store import clocks, payments, states, steps
from waqiti.services.payment.usecases import events, metrics
from waqiti.services.payment.usecases.deciding import LedgerAway, ask_ledger

_AGAIN_AFTER: Final = timedelta(hours=1)

Keep = Callable[[Connection, Step, Payment], Awaitable[None]]

_log = logger(__name__)


async def _keep_nothing(_connection: Connection, _step: Step, _payment: Payment) -> None:
    return


class Stepping:
    """Captures, voids and expires; whoever asks, it happens here."""

    def __init__(self, database: Database, writer: EventWriter, ledger: LedgerClient) -> None:
        self._database = database
        self._writer = writer
        self._ledger = ledger

    async def begin(
        self,
        connection: Connection,
        payment_id: UUID,
        step_id: UUID,
        asked: Asked,
        decision: Decision | None = None,
    ) -> Step:
        """Store a step, in the caller's transaction and before the ledger is asked.

        Raises:
            Problem: 404 where there is no such payment; 409 ``conflict`` where its state forbids it, retryable where
                another step is under way.
        """
        payment = await locked(connection, payment_id)
        now = utc_now()
        step = rules.plan(payment, step_id, asked, await clocks.read(connection, payment_id), now)
        if await steps.pending(connection, payment_id) is not None:
            detail = "A capture, void or expiry of this payment is under way."
            raise Problem(409, "conflict", detail, retryable=True)
        await steps.insert(connection, step)
        state = msgspec.structs.replace(payment.state, steps=step.number, decision=decision or payment.state.decision)
        await states.write(connection, payment_id, state)
        return step

    async def drive(self, step: Step, keep: Keep = _keep_nothing) -> Step:
        """Ask the ledger, write its answer, and return the step as it ended.

        ``keep`` stores what follows from it for the one who asked, in the same transaction.

        Raises:
            LedgerAway: no answer; the step stays pending and is driven again.
        """
        async with self._database.connection() as connection:
            (payment,) = await payments.read(connection, [step.payment_id])
        (results,) = await ask_ledger(self._ledger, [rules.transfers(payment.facts, step)])
        ended = await self._finish(step, results, keep)
        if ended.status == "refused" and ended.own:
            await self._after_refusal(ended)
        return ended

    async def take(self, payment_id: UUID, asked: Asked, decision: Decision | None = None) -> Step | None:
        """Do a step of this service's own; None where the payment has moved on or the ledger is away."""
        try:
            async with self._database.transaction() as connection:
                step = await self.begin(connection, payment_id, new_id(), asked, decision)
            return await self.drive(step)
        except LedgerAway:
            return None
        except Problem as problem:
            if problem.code != "conflict":
                raise
            return None

    async def _finish(self, step: Step, results: Sequence[TransferResult], keep: Keep) -> Step:
        async with self._database.transaction() as connection:
            payment = await locked(connection, step.payment_id)
            ended, state = rules.conclude(payment, step, results, utc_now())
            if not await steps.finish(connection, ended):
                stored = await steps.read(connection, step.id)
                assert stored is not None
                await keep(connection, stored, payment)
                return stored
            after = Payment(payment.facts, state)
            await keep(connection, ended, after)
            if state is payment.state:
                return ended
            left = await self._write(connection, payment, after, ended)
        self._writer.hint(events.topics(left))
        metrics.count_ended(after.state.status, after.state.failure_code)
        return ended

    async def _write(self, connection: Connection, before: Payment, after: Payment, step: Step) -> list[NewEvent]:
        await states.write(connection, after.facts.id, after.state)
        await clocks.stop(connection, after.facts.id)
        followed = step.status == "refused"
        actor, reason = (SERVICE, "ledger_expired") if followed else (step.actor, step.reason or step.failure_code)
        left = [events.changed(after, before.state.status, actor, reason)]
        if before.state.status == "in_review":
            left.append(events.review_over(after))
        await self._writer.append(connection, left)
        return left

    async def _after_refusal(self, step: Step) -> None:
        """A capture of our own that cannot be ends the payment; anything else is tried again in an hour."""
        code = step.code or refusals.GIVEN_UP
        if code == HOLD_RESOLVED:
            return
        if step.kind == "capture":
            await self.take(step.payment_id, rules.refusal(code))
            return
        _log.error("step_refused", payment_id=str(step.payment_id), kind=step.kind, code=code)
        async with self._database.transaction() as connection:
            payment = await locked(connection, step.payment_id)
            if payment.state.status in HELD:
                await clocks.postpone(connection, step.payment_id, step.created_at + _AGAIN_AFTER)


async def locked(connection: Connection, payment_id: UUID) -> Payment:
    """Read a payment under its lock.

    Raises:
        Problem: 404 ``not_found``.
    """
    found = await payments.lock(connection, [payment_id])
    if not found:
        raise Problem.not_found("There is no such payment.")
    return found[0]
