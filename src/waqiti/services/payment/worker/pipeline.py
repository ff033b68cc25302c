"""The worker: batches of payments through screening, ledger and settling, as a pipeline.

A cycle drains all partitions into one batch. The next one is read when the one before has its answer from the ledger,
and is screened while that one is settled; marks commit in the order of the log. A cycle that fails takes those behind
it along: their batches are handed out again.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database, is_retryable
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import Batch, Consumer, Event, Fenced
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain.payments import Queued
from waqiti.services.payment.store import payments
from waqiti.services.payment.usecases.deciding import Deciding, Item, LedgerAway, Screening
from waqiti.services.payment.usecases.failures import described, is_of_the_payment
from waqiti.services.payment.usecases.retrying import Retrying
from waqiti.services.payment.usecases.settling import Outcome, Poison, Settling

MAX_EVENTS: Final = 1_000
MAX_CYCLES: Final = 4
_PAUSE_SECONDS: Final = 0.25
_DECODE: Final = msgspec.json.Decoder(Queued).decode

_log = logger(__name__)


class _Cycle:
    """One batch on its way; the events say which stages it has left, the ways of failing included."""

    __slots__ = ("_aborted", "batch", "posted", "previous", "settled")

    def __init__(self, batch: Batch, previous: "_Cycle | None") -> None:
        self.batch = batch
        self.previous = previous
        self.posted = asyncio.Event()
        self.settled = asyncio.Event()
        self._aborted = False

    def is_aborted(self) -> bool:
        return self._aborted

    def abort(self) -> None:
        self._aborted = True

    def end(self) -> None:
        self.previous = None
        self.posted.set()
        self.settled.set()


class Pipeline:
    """Consumes ``payment-events`` until told to stop."""

    def __init__(
        self, database: Database, consumer: Consumer, deciding: Deciding, settling: Settling, retrying: Retrying
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._deciding = deciding
        self._settling = settling
        self._retrying = retrying
        self._cycles: list[_Cycle] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._pausing = False
        self._parked_some = True
        self._one_by_one = False

    async def run(self, stop: asyncio.Event) -> None:
        """Read and decide until ``stop``, then finish what was begun and leave the group."""
        async with self._consumer:
            reading = asyncio.create_task(self._read(), name="read payment-events")
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                reading.cancel()
                stopping.cancel()
                await asyncio.wait({reading, stopping, *self._tasks})
            if not reading.cancelled():
                reading.result()

    async def _read(self) -> None:
        while True:
            await self._wait_for_room()
            batch = await self._consumer.next(MAX_EVENTS)
            cycle = _Cycle(batch, self._cycles[-1] if self._cycles else None)
            self._cycles.append(cycle)
            task = asyncio.create_task(self._run_cycle(cycle))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await cycle.posted.wait()

    async def _wait_for_room(self) -> None:
        if self._pausing:
            await asyncio.sleep(_PAUSE_SECONDS)
            self._pausing = False
        while len(self._cycles) >= (1 if self._one_by_one else MAX_CYCLES):
            self._ended.clear()
            await self._ended.wait()
        while self._parked_some and await self._is_full():
            await asyncio.sleep(_PAUSE_SECONDS)
        self._parked_some = False

    async def _is_full(self) -> bool:
        try:
            return await self._retrying.is_full()
        except DependencyUnavailable:
            return True

    async def _run_cycle(self, cycle: _Cycle) -> None:
        try:
            await (self._isolate(cycle) if self._one_by_one else self._decide(cycle))
        except Exception as error:  # noqa: BLE001 - the batch is read again, then payment by payment
            self._fail(cycle, error)
        finally:
            cycle.end()
            self._cycles.remove(cycle)
            self._ended.set()

    async def _decide(self, cycle: _Cycle) -> None:
        items = await self._items(cycle.batch.events)
        screening = await self._deciding.screen(items)
        if cycle.is_aborted():
            return
        outcome = await self._post(screening, {item.payment.payment_id: item.trace for item in items})
        cycle.posted.set()
        if cycle.previous is not None:
            await cycle.previous.settled.wait()
        if cycle.is_aborted():
            return
        await self._settling.settle(outcome, cycle.batch, utc_now())
        self._parked_some |= bool(outcome.waiting)

    async def _post(self, screening: Screening, traces: dict[UUID, str | None]) -> Outcome:
        waiting = screening.waiting
        try:
            concluded = await self._deciding.post(screening.ready, utc_now())
        except LedgerAway:
            concluded, waiting = [], [*waiting, *(one.item for one in screening.ready)]
        return Outcome(concluded=concluded, waiting=waiting, traces=traces)

    async def _items(self, events: Sequence[Event]) -> list[Item]:
        found = {event.subject: (_DECODE(event.data), event.trace) for event in events}
        with_text = [payment_id for payment_id, (payment, _) in found.items() if payment.text]
        texts = await self._texts(with_text) if with_text else {}
        return [
            Item(payment=payment, text=texts.get(payment_id), trace=trace)
            for payment_id, (payment, trace) in found.items()
        ]

    async def _texts(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        async with self._database.connection() as connection:
            return await payments.texts(connection, ids)

    def _fail(self, cycle: _Cycle, error: Exception) -> None:
        """Hand the batch of ``cycle``, and of all behind it, out again."""
        if cycle.is_aborted():
            return
        for behind in self._cycles[self._cycles.index(cycle) :]:
            behind.abort()
            self._consumer.abort(behind.batch)
        self._pausing = True
        if isinstance(error, DependencyUnavailable | Fenced) or is_retryable(error):
            _log.warning("cycle_aborted", kind=type(error).__name__, count=len(cycle.batch))
            return
        self._one_by_one |= is_of_the_payment(error)
        _log.error("cycle_failed", kind=type(error).__name__, count=len(cycle.batch), exc_info=error)

    async def _isolate(self, cycle: _Cycle) -> None:
        """Process a batch that failed as a whole payment by payment: what is poison goes to the dead letters."""
        poison = [found for event in cycle.batch.events if (found := await self._try(event)) is not None]
        await self._settling.bury(poison, cycle.batch, utc_now())
        self._one_by_one = False

    async def _try(self, event: Event) -> Poison | None:
        try:
            items = await self._items([event])
            screening = await self._deciding.screen(items)
            outcome = await self._post(screening, {event.subject: event.trace})
            await self._settling.settle(outcome, None, utc_now())
        except Exception as error:
            if not is_of_the_payment(error):
                raise
            return Poison(event, described(error))
        return None
