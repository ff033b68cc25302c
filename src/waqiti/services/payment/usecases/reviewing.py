"""How a review ends, or goes on: refused, left to a person, authorized or captured, the first that applies."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from waqiti.contracts import refusals
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import EventWriter, NewEvent
from waqiti.foundation.telemetry import traceparent
from waqiti.services.payment.domain import reviews
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.decisions import Clocks
from waqiti.services.payment.domain.payments import Payment, State, queued
from waqiti.services.payment.domain.reviews import Approval, Finding
from waqiti.services.payment.store import clocks as deadlines
from waqiti.services.payment.store import states, steps
from waqiti.services.payment.usecases import events
from waqiti.services.payment.usecases.deciding import Deciding
from waqiti.services.payment.usecases.stepping import Stepping, locked


class Reviewing:
    """Acts on what was found about payments in review; what has changed meanwhile stays as it is."""

    def __init__(
        self, database: Database, writer: EventWriter, deciding: Deciding, stepping: Stepping, clocks: Clocks
    ) -> None:
        self._database = database
        self._writer = writer
        self._deciding = deciding
        self._stepping = stepping
        self._clocks = clocks

    async def conclude(self, payment: Payment, finding: Finding, approval: Approval) -> None:
        """Refuse for the first reason in the order, leave to a person what is still due, or let the payment go on.

        Raises:
            LedgerAway: the flags of the wallets cannot be read.
        """
        payment_id, decision = payment.facts.id, finding.decision
        flags = await self._deciding.flags_against(queued(payment.facts))
        code = refusals.first([*finding.refusals, *flags])
        if code is not None:
            await self._stepping.take(payment_id, rules.refusal(code), decision)
        elif finding.reviews:
            await self._stay(payment, finding, approval)
        elif payment.facts.manual:
            await self._authorize(payment, finding, approval)
        else:
            capture = rules.approved(approval.actor, approval.reason, approval.reviews)
            await self._stepping.take(payment_id, capture, decision)

    async def _stay(self, payment: Payment, finding: Finding, approval: Approval) -> None:
        """Leave a review to a person; its clock runs on."""
        async with self._database.transaction() as connection:
            found = await self._still_in_review(connection, payment, approval)
            if found is None:
                return
            state, deadline = found
            now = utc_now()
            staying = msgspec.structs.replace(
                state, review=finding.reviews[0], decision=finding.decision, updated_at=now
            )
            told = reviews.due(queued(payment.facts), finding.reviews, finding.decision, now, deadline)
            due = events.review_due(told, traceparent())
            await self._write(connection, Payment(payment.facts, staying), deadline, [due])
        self._writer.hint(events.topics([due]))

    async def _authorize(self, payment: Payment, finding: Finding, approval: Approval) -> None:
        """Let a manual payment wait for its capture, unless the clock of its review has run out."""
        now = utc_now()
        async with self._database.transaction() as connection:
            found = await self._still_in_review(connection, payment, approval)
            if found is None or found[1] <= now:
                return
            authorized = msgspec.structs.replace(
                found[0], status="authorized", review=None, decision=finding.decision, updated_at=now
            )
            after = Payment(payment.facts, authorized)
            left = [
                events.changed(after, found[0].status, approval.actor, approval.reason),
                events.review_over(after),
            ]
            await self._write(connection, after, now + self._clocks.authorization, left)
        self._writer.hint(events.topics(left))

    async def _write(
        self, connection: Connection, after: Payment, deadline: datetime, left: Sequence[NewEvent]
    ) -> None:
        await states.write(connection, after.facts.id, after.state)
        await deadlines.write(connection, after.facts.id, deadline, no_score=False)
        await self._writer.append(connection, left)

    async def _still_in_review(
        self, connection: Connection, payment: Payment, approval: Approval
    ) -> tuple[State, datetime] | None:
        """Lock the payment; None where its review has changed, or a step that will end it has begun."""
        state = (await locked(connection, payment.facts.id)).state
        deadline = await deadlines.read(connection, payment.facts.id)
        if state.review not in approval.reviews or deadline is None:
            return None
        return None if await steps.pending(connection, payment.facts.id) is not None else (state, deadline)
