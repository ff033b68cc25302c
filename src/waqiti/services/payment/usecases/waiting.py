"""Requests that wait for a payment's outcome: futures, resolved by one reader of result events."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import PAYMENT_RESULTS, WAITING, PaymentResult
from waqiti.foundation.database import Database
from waqiti.foundation.events import Event, Tail

_DECODE: Final = msgspec.json.Decoder(PaymentResult).decode
_STILL_WAITING: Final = frozenset(f"payment.{status}" for status in WAITING)


class Watch:
    """One who waits for one payment."""

    __slots__ = ("future", "payment_id")

    def __init__(self, payment_id: UUID, future: "asyncio.Future[PaymentResult | None]") -> None:
        self.payment_id = payment_id
        self.future = future

    @property
    def result(self) -> PaymentResult | None:
        """What became of the payment, where that is known by now."""
        return self.future.result() if self.future.done() else None


class Waiters:
    """All who wait in this process. Once it drains, nobody waits any longer."""

    def __init__(self, log: Database, draining: asyncio.Event) -> None:
        self._log = log
        self._draining = draining
        self._watches: dict[UUID, list[Watch]] = {}
        self._loop = asyncio.get_running_loop()

    def watch(self, payment_id: UUID) -> Watch:
        """Begin to watch a payment; do so before its event can be written, and end it by ``forget``."""
        watch = Watch(payment_id, self._loop.create_future())
        if self._draining.is_set():
            watch.future.set_result(None)
        self._watches.setdefault(payment_id, []).append(watch)
        return watch

    def forget(self, watch: Watch) -> None:
        """Watch no longer."""
        watches = self._watches.get(watch.payment_id)
        if watches is None:
            return
        with suppress(ValueError):
            watches.remove(watch)
        if not watches:
            del self._watches[watch.payment_id]

    async def wait(self, watches: Sequence[Watch], seconds: float) -> None:
        """Return when all have their result, the time is over, or the process drains."""
        pending = [watch for watch in watches if not watch.future.done()]
        if not pending or seconds <= 0:
            return
        timer = self._loop.call_later(seconds, _release, pending)
        try:
            for watch in pending:
                await watch.future
        finally:
            timer.cancel()

    async def run(self, stop: asyncio.Event) -> None:
        """Resolve watches from result events until ``stop``."""
        reading = asyncio.create_task(self._read(), name="tail payment-results")
        draining = asyncio.create_task(self._release(), name="release waiting requests")
        stopping = asyncio.create_task(stop.wait())
        tasks = {reading, draining, stopping}
        try:
            done, _ = await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if reading in done:
            reading.result()

    async def _read(self) -> None:
        async with Tail(self._log, PAYMENT_RESULTS) as tail:
            async for events in tail:
                for event in events:
                    self._resolve(event)

    def _resolve(self, event: Event) -> None:
        if event.subject not in self._watches or event.type in _STILL_WAITING:
            return
        result = _DECODE(event.data)
        for watch in self._watches[event.subject]:
            if not watch.future.done():
                watch.future.set_result(result)

    async def _release(self) -> None:
        await self._draining.wait()
        for watches in self._watches.values():
            _release(watches)


def _release(watches: Iterable[Watch]) -> None:
    """Let those who still wait go on without a result."""
    for watch in watches:
        if not watch.future.done():
            watch.future.set_result(None)
