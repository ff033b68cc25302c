"""One committer: drains what is queued into batches, one item when idle and many under load, two batches in flight."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.foundation.errors import Problem
from waqiti.foundation.telemetry import gauge, histogram

MAX_QUEUED: Final = 16_000
MAX_BATCH: Final = 1_000
LANES: Final = 2
RETRY_AFTER_SECONDS: Final = 1

_Post: TypeAlias = Callable[[Sequence[Transfer]], Awaitable[list[TransferResult]]]
_Future: TypeAlias = "asyncio.Future[list[TransferResult]]"

_batch_sizes = histogram(
    "ledger_batch_transfers", "Transfers in one commit.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000)
)
_queued = gauge("ledger_queued_transfers", "Transfers that wait for the committer.")


class _Ask(msgspec.Struct, frozen=True):
    transfers: Sequence[Transfer]
    answer: _Future


class Committer:
    """Takes transfers from any number of callers and posts them in batches.

    What one caller hands over is posted in its order; between callers there is no order. At most ``max_queued``
    transfers wait.
    """

    def __init__(self, post: _Post, *, max_queued: int = MAX_QUEUED, max_batch: int = MAX_BATCH) -> None:
        self._post = post
        self._max_queued = max_queued
        self._max_batch = max_batch
        self._asks: deque[_Ask] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()

    async def submit(self, transfers: Sequence[Transfer]) -> list[TransferResult]:
        """Queue transfers and return their results once they are committed.

        Raises:
            Problem: 503 ``overloaded`` where too much is queued, or what ``post`` raised for their batch.
        """
        if self._waiting + len(transfers) > self._max_queued:
            raise Problem.unavailable(
                "overloaded", "Too many transfers are queued; try again.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        ask = _Ask(transfers, asyncio.get_running_loop().create_future())
        self._asks.append(ask)
        self._count(len(transfers))
        self._arrived.set()
        return await ask.answer

    async def run(self, stop: asyncio.Event) -> None:
        """Post what is queued until ``stop`` is set and nothing is left."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._lane(stop))
            await stop.wait()
            self._arrived.set()

    async def _lane(self, stop: asyncio.Event) -> None:
        while self._asks or not stop.is_set():
            await self._arrived.wait()
            asks = self._take()
            if asks:
                await self._commit(asks)

    def _take(self) -> list[_Ask]:
        """Take whole asks, in order, up to the bound of a batch; the first one whatever its size."""
        taken: list[_Ask] = []
        size = 0
        while self._asks and (not taken or size + len(self._asks[0].transfers) <= self._max_batch):
            taken.append(self._asks.popleft())
            size += len(taken[-1].transfers)
        self._count(-size)
        if not self._asks:
            self._arrived.clear()
        return taken

    async def _commit(self, asks: Sequence[_Ask]) -> None:
        try:
            await self._post_for(asks)
        except asyncio.CancelledError:
            _fail(asks, Problem.unavailable("overloaded", "The ledger is stopping; try again."))
            raise

    async def _post_for(self, asks: Sequence[_Ask]) -> None:
        """Post asks as one batch; where that cannot be, each on its own, so that only whoever is at fault fails."""
        batch = asks[0].transfers if len(asks) == 1 else [item for ask in asks for item in ask.transfers]
        _batch_sizes.observe(len(batch))
        try:
            results = await self._post(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told, and the lane goes on
            if len(asks) == 1 or isinstance(error, Problem):
                _fail(asks, error)
                return
            for ask in asks:
                await self._post_for([ask])
        else:
            _answer(asks, results)

    def _count(self, transfers: int) -> None:
        self._waiting += transfers
        _queued.set(self._waiting)


def _answer(asks: Sequence[_Ask], results: list[TransferResult]) -> None:
    assert len(results) == sum(len(ask.transfers) for ask in asks)
    start = 0
    for ask in asks:
        end = start + len(ask.transfers)
        if not ask.answer.done():
            ask.answer.set_result(results[start:end])
        start = end


def _fail(asks: Sequence[_Ask], error: Exception) -> None:
    for ask in asks:
        if not ask.answer.done():
            ask.answer.set_exception(error)
