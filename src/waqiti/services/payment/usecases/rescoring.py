"""Payments in review because they could not be scored: scored and screened once the services are back.

A refusal ends them, an approval of both closes them, anything else leaves them to a person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.payment import PAYMENT_RESULTS, Decision
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import EventWriter
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.decisions import Clocks, Screened, decision_of
from waqiti.services.payment.domain.payments import Payment, Review, State, queued
from waqiti.services.payment.domain.steps import SERVICE, Asked
from waqiti.services.payment.domain.times import NO_ID
from waqiti.services.payment.store import clocks as deadlines
from waqiti.services.payment.store import payments, states, steps
from waqiti.services.payment.usecases import events
from waqiti.services.payment.usecases.deciding import Deciding, Item, LedgerAway, Refused
from waqiti.services.payment.usecases.failures import isolated
from waqiti.services.payment.usecases.stepping import Stepping, locked

_BATCH: Final = 200

_log = logger(__name__)


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
        """Score and screen the next of them; tell whether any was."""
        async with self._database.connection() as connection:
            ids = await deadlines.without_score(connection, self._after, _BATCH)
            self._after = ids[-1] if len(ids) == _BATCH else NO_ID
            found = await payments.read(connection, ids) if ids else []
        if not found:
            return False
        got_on = False
        try:
            for payment, screened in await self._screen(found):
                got_on |= await isolated(self._close(payment, screened), "review", payment.facts.id)
        except LedgerAway:
            return got_on
        return got_on

    async def _screen(self, found: Sequence[Payment]) -> list[tuple[Payment, Screened | None]]:
        """Say what stands against payments, None where that cannot be said; nothing where a service is away."""
        items = [Item(payment=queued(payment.facts), text=payment.facts.description) for payment in found]
        try:
            screenings = await self._deciding.screen_again(items)
        except Refused as refused:
            _log.error("reviews_refused", detail=str(refused), count=len(found))
            if len(found) == 1:
                return [(found[0], None)]
            return [pair for payment in found for pair in await self._screen([payment])]
        return [] if screenings is None else list(zip(found, screenings, strict=True))

    async def _close(self, payment: Payment, screened: Screened | None) -> None:
        """Refuse, leave to a person, or approve: the first that applies."""
        if screened is None:
            await self._stay(payment, "fraud", payment.state.decision)
            return
        decision = decision_of(screened)
        if screened.refusals:
            await self._refuse(payment, screened.refusals, decision)
        elif screened.review is not None:
            await self._stay(payment, screened.review, decision)
        elif payment.facts.manual:
            await self._authorize(payment, decision)
        else:
            captured = Asked(kind="capture", becomes="captured", actor=SERVICE, reason="scored")
            await self._stepping.take(payment.facts.id, captured, decision)

    async def _refuse(self, payment: Payment, reasons: Sequence[str], decision: Decision) -> None:
        """Give the hold back; the reason is the first in the order, the ledger's own among them."""
        code = refusals.first([*reasons, *await self._deciding.flags_against(queued(payment.facts))])
        assert code is not None
        await self._stepping.take(payment.facts.id, rules.refusal(code), decision)

    async def _stay(self, payment: Payment, review: Review, decision: Decision | None) -> None:
        """Leave a review to a person; its clock runs on."""
        async with self._database.transaction() as connection:
            state = await self._still_unscored(connection, payment)
            deadline = await deadlines.read(connection, payment.facts.id)
            if state is None or deadline is None:
                return
            reviewed = msgspec.structs.replace(state, review=review, decision=decision, updated_at=utc_now())
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
        """Lock the payment; None where its review has changed, or a step that will end it has begun."""
        state = (await locked(connection, payment.facts.id)).state
        if state.status != "in_review" or state.review != "no_score":
            return None
        return None if await steps.is_pending(connection, payment.facts.id) else state

    def _deadline(self, now: datetime) -> datetime:
        return now + self._clocks.authorization
