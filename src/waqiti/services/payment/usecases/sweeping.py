"""What time brings about: lost events, halves of steps and refunds, clocks that run out."""

from datetime import datetime, timedelta
from typing import Final

from waqiti.contracts.payment import PAYMENT_EVENTS
from waqiti.foundation.database import Database
from waqiti.foundation.events import EventWriter
from waqiti.foundation.ids import NO_ID, first_id, id_before
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.store import clocks, payments, refunds, steps, sweeps
from waqiti.services.payment.usecases import events, metrics
from waqiti.services.payment.usecases.deciding import LedgerAway
from waqiti.services.payment.usecases.failures import isolated
from waqiti.services.payment.usecases.refunding import Refunding
from waqiti.services.payment.usecases.stepping import Stepping

LATE: Final = timedelta(seconds=30)
SETTLED_AFTER: Final = timedelta(seconds=60)
"""An id is committed within this time after it was minted, or not at all: every statement is bounded far below."""
_BATCH: Final = 500

_log = logger(__name__)


class Sweeping:
    """Each method is one sweep, bounded and safe beside another replica's."""

    def __init__(
        self,
        database: Database,
        writer: EventWriter,
        stepping: Stepping,
        refunding: Refunding,
        *,
        idle: timedelta,
        half: timedelta,
    ) -> None:
        self._database = database
        self._writer = writer
        self._stepping = stepping
        self._refunding = refunding
        self._idle = idle
        self._half = half
        self._after_step = NO_ID
        self._after_refund = NO_ID

    async def requeue_lost(self, now: datetime) -> int:
        """Queue payments again that stand still without an event that would move them; return how many."""
        async with self._database.transaction() as connection:
            found = await sweeps.standing_still(connection, first_id(now - self._idle), _BATCH)
            settled_before = first_id(now - SETTLED_AFTER)
            upto = min(settled_before, id_before(found[0].facts.id)) if found else settled_before
            await sweeps.move_queued(connection, upto)
            lost = [one.facts for one in found if one.lost]
            queued = [events.created(facts, event_type=events.REQUEUED) for facts in lost]
            await self._writer.append(connection, queued)
        if lost:
            _log.warning("payments_requeued", count=len(lost))
            self._writer.hint((PAYMENT_EVENTS,))
        return len(lost)

    async def finish_halves(self, now: datetime) -> None:
        """Drive steps and refunds on that nobody drives: their request ended before the ledger answered.

        One that cannot be finished stays, and is tried again when all others have had their turn.
        """
        before = now - self._half
        async with self._database.connection() as connection:
            half_steps = await steps.halves(connection, before, self._after_step, _BATCH)
            half_refunds = await refunds.halves(connection, before, self._after_refund, _BATCH)
        self._after_step = half_steps[-1].id if len(half_steps) == _BATCH else NO_ID
        self._after_refund = half_refunds[-1].id if len(half_refunds) == _BATCH else NO_ID
        try:
            for step in half_steps:
                await isolated(self._stepping.drive(step), "step", step.id)
            for refund in half_refunds:
                await isolated(self._refunding.drive(refund), "refund", refund.id)
        except LedgerAway:
            return

    async def run_clocks_out(self, now: datetime) -> None:
        """End reviews and authorizations whose time is over."""
        async with self._database.connection() as connection:
            ids = await clocks.run_out(connection, now, _BATCH)
            ended = await payments.read(connection, ids) if ids else []
        for payment in ended:
            work = self._stepping.take(payment.facts.id, rules.expired(payment.state))
            await isolated(work, "clock", payment.facts.id)

    async def count_late(self, now: datetime) -> None:
        """Count payments, once each, that nothing is decided about after 30 s."""
        async with self._database.connection() as connection:
            late = await sweeps.count_late(connection, first_id(now - LATE))
        if late:
            _log.warning("payments_late", count=late)
        metrics.count_late(late)
