"""Reading a topic as a group: each event's effect is committed once, by the member that owns its partition."""

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import asyncpg

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import store
from waqiti.foundation.events.claims import read_marks
from waqiti.foundation.events.hints import Listener
from waqiti.foundation.events.holdings import Holdings
from waqiti.foundation.events.membership import Membership
from waqiti.foundation.events.model import MARK_REFUSED, Batch, Fenced
from waqiti.foundation.events.tail import LONGEST_POLL_SECONDS, POLL_SECONDS, RETRY_SECONDS
from waqiti.foundation.pausing import Pauses, rest


class Consumer:
    """One member of ``group`` on ``topic``; used as ``async with``.

    ``log`` is the producer's database, ``database`` the consumer's own, where effects and marks commit together. A
    group that is new begins with the oldest event. Members share the partitions evenly; a killed one's are taken over
    within a second, those of one that closes at once. Each looks every 50 ms, and ever less often, down to every
    second, while there is nothing. One that is not ``hinted`` is woken by that alone: listening costs every commit of
    the producer something, so it is for those whom somebody waits for.
    """

    def __init__(self, *, log: Database, database: Database, group: str, topic: str, hinted: bool = True) -> None:
        self.group = group
        self.topic = topic
        self._log = log
        self._database = database
        self._holdings = Holdings()
        self._membership = Membership(log, database, group, topic, self._holdings)
        self._hinted = asyncio.Event()
        self._pauses = Pauses(POLL_SECONDS, LONGEST_POLL_SECONDS)
        self._listener = Listener.of(log) if hinted else None

    async def start(self) -> None:
        """Join the group; a database that is away is no failure."""
        if self._listener is not None:
            self._listener.subscribe(self.topic, self._hinted.set)
        await self._membership.start()

    async def close(self) -> None:
        """Publish the committed offsets and leave the group; batches must have been marked or aborted before."""
        if self._listener is not None:
            await self._listener.unsubscribe(self.topic, self._hinted.set)
        await self._membership.stop()

    @property
    def partitions(self) -> list[int]:
        """Return the partitions that this member owns now."""
        return self._holdings.partitions()

    async def next(self, max_events: int) -> Batch:
        """Wait for events and drain all owned partitions, up to ``max_events``, into one batch.

        It may be called again before the batch is marked, and goes on after what was handed out. Databases that are
        away are waited for.
        """
        while True:
            self._hinted.clear()
            try:
                batch = await self._read(max_events)
            except DependencyUnavailable:
                batch = None
                await asyncio.sleep(RETRY_SECONDS)
            if batch is not None:
                self._pauses.after(found=True)
                return batch
            await rest(self._hinted, self._pauses.after(found=False))

    async def mark(self, connection: Connection, batch: Batch) -> None:
        """Move the group's marks over ``batch``, in the transaction of its effects.

        Batches are marked in the order in which they were handed out.

        Raises:
            Fenced: another member has taken over, or a batch before this one was not marked. Roll back and abort.
        """
        with self.fencing(batch):
            await store.mark(connection, self.group, self.topic, batch)

    def mark_arguments(self, batch: Batch) -> tuple[object, ...]:
        """Return the six arguments of the SQL function ``eventlog.mark``, for a statement that does more than mark."""
        return store.mark_arguments(self.group, self.topic, batch)

    @contextlib.contextmanager
    def fencing(self, batch: Batch) -> Iterator[None]:
        """Around any statement that calls ``eventlog.mark`` for ``batch``: a refused mark is ``Fenced``."""
        try:
            yield
        except asyncpg.PostgresError as error:
            if error.sqlstate != MARK_REFUSED:
                raise
            self._holdings.doubt(batch)
            raise Fenced(f"{self.group} may not mark this batch of {self.topic}") from error

    def abort(self, batch: Batch) -> None:
        """Hand ``batch`` out again; a failed cycle aborts its own batch and all those after it."""
        self._holdings.go_back(batch)
        self._hinted.set()

    async def _read(self, max_events: int) -> Batch | None:
        if self._holdings.uncertain():
            await self._settle()
        positions = self._holdings.positions()
        if not positions:
            return None
        async with self._log.connection() as connection:
            events = await store.read(connection, self.topic, positions, max_events)
        return self._holdings.hand_out(events, positions, max_events)

    async def _settle(self) -> None:
        async with self._database.connection() as connection:
            marks = await read_marks(connection, self.group, self.topic)
        if not self._holdings.settle(marks):
            self._membership.start_over()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
