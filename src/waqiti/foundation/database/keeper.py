"""Keeps one pool: fills it to its idle minimum, closes what is long unused, and notices a server that hangs."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from asyncpg.exceptions import TooManyConnectionsError

from waqiti.foundation.database.connecting import open_connection
from waqiti.foundation.database.metrics import PoolGauges
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.pausing import rest, until_beat

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import Database

_TICK_SECONDS: Final = 0.2
_QUIET_TICK_SECONDS: Final = 1.0
_SUSPECT_SECONDS: Final = 0.4
_PROBE_TIMEOUT_SECONDS: Final = 0.6
_STALL_SECONDS: Final = 0.2
_UNUSED_SECONDS: Final = 60.0

_log: Final = logging.getLogger(__name__)


class Keeper:
    """The background task of one ``Database``.

    Where a lease is out and none came back for 0.4 s, it probes the server by a new connection. A probe without an
    answer in 0.6 s cuts the pool's connections: callers get their 503 within 1.3 s from a server that hangs, and within
    2 s where a busy machine has a second probe made.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._gauges = PoolGauges(database.name)
        self._hurried = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the first connections, if the server is there, and keep them from then on."""
        await self._fill()
        self._task = asyncio.create_task(self._run(), name=f"keep {self._database.name}")

    async def stop(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.all_back()

    def first_lent(self) -> None:
        """Watch: a connection is lent, and none was."""
        self._alarm = asyncio.get_running_loop().call_later(_SUSPECT_SECONDS, self._hurried.set)

    def all_back(self) -> None:
        """Rest: no connection is lent any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    async def _run(self) -> None:
        while True:
            self._gauges.show(self._database.counts)
            await self._pause()
            if self._database.is_away or self._database.silent_seconds() > _SUSPECT_SECONDS:
                await self._probe()
            if not self._database.is_away:
                self._shed()
                await self._fill()

    async def _pause(self) -> None:
        """Where nobody waits for the server, what wakes an idle process costs more than what it then does."""
        is_quiet = not self._database.is_away and not self._database.counts.lent
        every_seconds = _QUIET_TICK_SECONDS if is_quiet else _TICK_SECONDS
        await rest(self._hurried, until_beat(every_seconds, asyncio.get_running_loop().time()))
        self._hurried.clear()

    async def _probe(self) -> None:
        answers = await self._answers()
        if answers == self._database.is_away:
            _log.warning("database %s %s", self._database.name, "answers again" if answers else "does not answer")
            self._database.set_away(not answers)

    async def _answers(self) -> bool:
        name = self._database.name
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            probe = await open_connection(
                self._database.url, name, f"{name} probe", {}, timeout_seconds=_PROBE_TIMEOUT_SECONDS
            )
        except DependencyUnavailable as error:
            if isinstance(error.__cause__, TooManyConnectionsError):
                return True
            waited = loop.time() - began
            # It may have been this process that did not look in time.
            stalled = waited > _PROBE_TIMEOUT_SECONDS + _STALL_SECONDS
            return not self._database.is_away and (stalled or self._database.silent_seconds() < waited)
        probe.terminate()
        return True

    async def _fill(self) -> None:
        while self._database.counts.size < self._database.min_idle:
            try:
                self._database.give(await self._database.grow())
            except DependencyUnavailable:
                return

    def _shed(self) -> None:
        entries = self._database.idle_since()
        before = asyncio.get_running_loop().time() - _UNUSED_SECONDS
        for connection, since in entries[: max(0, self._database.counts.size - self._database.min_idle)]:
            if since < before or connection.is_closed():
                self._database.retire((connection, since))
