"""Following a topic from its present end, without a group."""

import asyncio
from types import TracebackType
from typing import Final, Self

from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import store
from waqiti.foundation.events.hints import Listener
from waqiti.foundation.events.model import Event
from waqiti.foundation.pausing import Pauses, rest

POLL_SECONDS: Final = 0.05
LONGEST_POLL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.25
_MAX_EVENTS: Final = 1_000


class Tail:
    """Yields lists of the events appended after ``start``, one query a wake; used as ``async with`` and ``async for``.

    Each process that tails sees all events; nothing is committed and nothing is remembered.
    """

    def __init__(self, log: Database, topic: str) -> None:
        self._log = log
        self._topic = topic
        self._positions: dict[int, int] | None = None
        self._hinted = asyncio.Event()
        self._pauses = Pauses(POLL_SECONDS, LONGEST_POLL_SECONDS)
        # What is committed after a read is hinted after it: there is nothing to look for before that.
        self._caught_up = False

    async def start(self) -> None:
        """Take the topic's present end as the beginning; waits for a database that is away."""
        Listener.of(self._log).subscribe(self._topic, self._hinted.set)
        while self._positions is None:
            try:
                async with self._log.connection() as connection:
                    self._positions = await store.ends(connection, self._topic)
            except DependencyUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
        assert self._positions, f"there is no topic {self._topic}"

    async def close(self) -> None:
        """Stop listening for hints."""
        await Listener.of(self._log).unsubscribe(self._topic, self._hinted.set)

    async def next(self) -> list[Event]:
        """Wait for events and return them all, in order within each partition."""
        assert self._positions is not None, "start() comes first"
        while True:
            if self._caught_up:
                await rest(self._hinted, self._pauses.after(found=False))
            self._hinted.clear()
            events = await self._read(self._positions)
            self._caught_up = len(events) < _MAX_EVENTS
            if events:
                self._pauses.after(found=True)
                self._positions.update((event.partition, event.offset + 1) for event in events)
                return events

    async def _read(self, positions: dict[int, int]) -> list[Event]:
        try:
            async with self._log.connection() as connection:
                return await store.read(connection, self._topic, positions, _MAX_EVENTS)
        except DependencyUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
            return []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Event]:
        return await self.next()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
