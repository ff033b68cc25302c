"""Writing what became of payments: marks, states and result events in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from waqiti.contracts.payment import PAYMENT_RESULTS, WAITING, Status
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import Batch, Consumer, Event, EventWriter, LogAdmin, NewEvent
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import reviews
from waqiti.services.payment.domain.decisions import Conclusion
from waqiti.services.payment.domain.steps import SERVICE
from waqiti.services.payment.store import parked, payments, queue, settling, states
from waqiti.services.payment.usecases import events, metrics
from waqiti.services.payment.usecases.deciding import Item

_NO_MARKS: Final[tuple[object, ...]] = ("", "", [], [], [], [])

_log = logger(__name__)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to. ``previous`` is the status that the concluded ones should still have."""

    concluded: Sequence[Conclusion] = ()
    waiting: Sequence[Item] = ()
    traces: dict[UUID, str | None] = {}
    previous: Status = "created"


class Poison(msgspec.Struct, frozen=True):
    """An event that cannot be processed, and why."""

    event: Event
    error: str


class Settling:
    """Settles the payments of one database; ``consumer`` is the group's member whose batches are marked.

    Poison is not asked about again before ``poison_pause`` is over.
    """

    def __init__(self, database: Database, writer: EventWriter, consumer: Consumer, *, poison_pause: timedelta) -> None:
        self.poison_pause = poison_pause
        self._database = database
        self._writer = writer
        self._consumer = consumer
        self._admin = LogAdmin(database)

    async def settle(self, outcome: Outcome, batch: Batch | None, now: datetime) -> None:
        """Write ``outcome`` and mark ``batch``, if there is one.

        Raises:
            Fenced: another member owns the batch by now.
        """
        try:
            if not outcome.waiting:
                await self._settle_at_once(outcome, batch, now)
                _count(outcome.concluded)
                return
        except asyncpg.PostgresError as error:
            if error.sqlstate != settling.NOT_WAITING:
                raise
        await self._settle_closely(outcome, batch, now)

    async def bury(self, poison: Sequence[Poison], batch: Batch, now: datetime) -> None:
        """Mark ``batch``, whose payments are settled but for ``poison``: that goes to the dead letters."""
        async with self._database.transaction() as connection:
            parked_now = await self._park_poison(connection, [one.event.subject for one in poison], now)
            for one in poison:
                await self._admin.put_dead_letter(connection, self._consumer.group, one.event, one.error)
            await self._consumer.mark(connection, batch)
            await self._tell_screening(connection, parked_now)
        self._writer.hint((PAYMENT_RESULTS,))
        for one in poison:
            _report(one.event.subject, one.error)

    async def set_aside(self, payment: UUID, error: str, now: datetime) -> None:
        """Park a payment that waits as poison; the event by which it was queued goes to the dead letters."""
        async with self._database.transaction() as connection:
            parked_now = await self._park_poison(connection, [payment], now)
            if not parked_now:
                return
            event = await queue.last_event(connection, payment)
            if event is not None:
                await self._admin.put_dead_letter(connection, self._consumer.group, event, error)
            await self._tell_screening(connection, parked_now)
        self._writer.hint((PAYMENT_RESULTS,))
        _report(payment, error)

    async def _park_poison(self, connection: Connection, ids: Sequence[UUID], now: datetime) -> dict[UUID, Status]:
        """Park those of ``ids`` that still wait, and return their former statuses; the others are parked no longer."""
        statuses = await states.lock_statuses(connection, ids)
        stuck = [payment for payment, status in statuses.items() if status in WAITING]
        created = [payment for payment in stuck if statuses[payment] == "created"]
        await states.write_screening(connection, created, now)
        await parked.park(connection, stuck, now, now + self.poison_pause, "poison")
        await parked.release(connection, [payment for payment in statuses if payment not in stuck])
        return {payment: statuses[payment] for payment in stuck}

    async def _tell_screening(self, connection: Connection, former: Mapping[UUID, Status]) -> None:
        """Append the transition of those that were only created before they were parked."""
        created = [payment for payment, status in former.items() if status == "created"]
        found = await payments.read(connection, created) if created else []
        await self._writer.append(connection, [events.changed(one, "created", SERVICE, "poison") for one in found])

    async def _settle_at_once(self, outcome: Outcome, batch: Batch | None, now: datetime) -> None:
        concluded = outcome.concluded
        results = _events(concluded, lambda _: outcome.previous, outcome, now)
        known_parked = [] if outcome.previous == "created" else [one.payment.payment_id for one in concluded]
        async with self._database.connection() as connection:
            await self._write(connection, batch, outcome.previous, concluded, known_parked, results, now)
        self._writer.hint(events.topics(results))

    async def _settle_closely(self, outcome: Outcome, batch: Batch | None, now: datetime) -> None:
        """Look at every payment under its lock: some are to wait, or wait no longer."""
        ids = [one.payment.payment_id for one in outcome.concluded]
        waiting_ids = [item.payment.payment_id for item in outcome.waiting]
        async with self._database.transaction() as connection:
            statuses = await states.lock_statuses(connection, [*ids, *waiting_ids])
            concluded = [one for one in outcome.concluded if statuses[one.payment.payment_id] in WAITING]
            results = _events(concluded, statuses.__getitem__, outcome, now)
            new = [item for item in outcome.waiting if statuses[item.payment.payment_id] == "created"]
            if new:
                new_ids = [item.payment.payment_id for item in new]
                await states.write_screening(connection, new_ids, now)
                await parked.park(connection, new_ids, now, now, "away")
                results += [events.waits(item.payment, "service_away", now, item.trace) for item in new]
            ended = [*ids, *(payment for payment in waiting_ids if statuses[payment] not in WAITING)]
            await self._write(connection, batch, None, concluded, ended, results, now)
        self._writer.hint(events.topics(results))
        _count(concluded)

    async def _write(
        self,
        connection: Connection,
        batch: Batch | None,
        previous: Status | None,
        concluded: Sequence[Conclusion],
        known_parked: Sequence[UUID],
        results: Sequence[NewEvent],
        now: datetime,
    ) -> None:
        arguments = await self._writer.arguments(connection, results)
        if batch is None:
            await settling.settle(connection, _NO_MARKS, previous, concluded, known_parked, arguments, now)
            return
        with self._consumer.fencing(batch):
            marks = self._consumer.mark_arguments(batch)
            await settling.settle(connection, marks, previous, concluded, known_parked, arguments, now)


def _events(
    concluded: Sequence[Conclusion], previous: Callable[[UUID], Status], outcome: Outcome, now: datetime
) -> list[NewEvent]:
    """Return the transitions of all, and what people have to look at of some."""
    traces = outcome.traces
    found = [
        events.concluded(one, previous(one.payment.payment_id), now, traces.get(one.payment.payment_id))
        for one in concluded
    ]
    found += [
        events.review_due(
            reviews.due(one.payment, one.reviews, one.decision, now, one.deadline_at),
            traces.get(one.payment.payment_id),
        )
        for one in concluded
        if one.reviews
    ]
    return found


def _report(payment: UUID, error: str) -> None:
    metrics.count_poisoned()
    _log.error("payment_poisoned", payment_id=str(payment), error=error)


def _count(concluded: Sequence[Conclusion]) -> None:
    for one in concluded:
        metrics.count_ended(one.status, one.failure_code)
