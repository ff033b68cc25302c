"""Keeps one member's share of the partitions: joins, takes, lets go, publishes offsets; starts over when cut off."""

import asyncio
import logging
from typing import Final

import asyncpg
from prometheus_client import Gauge

from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import store
from waqiti.foundation.events.claims import Claims, Survey
from waqiti.foundation.events.holdings import Holdings
from waqiti.foundation.events.store import Mark
from waqiti.foundation.pausing import rest_until_beat

TICK_SECONDS: Final = 1.0
_FAILURES: Final = (DependencyUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

LAG: Final = Gauge(
    "kafka_consumer_lag_sum",
    "Events appended to the partitions that this process owns, and not yet consumed by the group.",
    ("group", "topic"),
    multiprocess_mode="livesum",
)

_log: Final = logging.getLogger(__name__)


class Membership:
    """The background task of one ``Consumer``; what it holds is in ``holdings``."""

    def __init__(self, log: Database, database: Database, group: str, topic: str, holdings: Holdings) -> None:
        self._log = log
        self._database = database
        self._group = group
        self._topic = topic
        self._holdings = holdings
        self._partitions = 0
        self._claims: Claims | None = None
        self._published: dict[int, Mark] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lag = LAG.labels(group, topic)

    async def start(self) -> None:
        """Join the group; where a database is away that happens later, by itself."""
        await self._tick_safely()
        self._task = asyncio.create_task(self._run(), name=f"consume {self._topic} as {self._group}")

    async def stop(self) -> None:
        """Publish what was committed and leave; the partitions are free afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        try:
            await self._leave()
        except _FAILURES as error:
            _log.warning("%s left %s without publishing: %s", self._group, self._topic, error)
        self._disconnect()

    async def _run(self) -> None:
        while True:
            await rest_until_beat(self._changed, TICK_SECONDS)
            self._changed.clear()
            await self._tick_safely()

    async def _tick_safely(self) -> None:
        try:
            await self._tick()
        except _FAILURES as error:
            _log.warning("%s lost its partitions of %s: %s", self._group, self._topic, error)
            self._disconnect()
            await asyncio.sleep(TICK_SECONDS)

    async def _tick(self) -> None:
        claims = await self._connected()
        survey = await claims.survey()
        taken = await self._balance(claims, survey)
        marks = [mark for mark in (*survey.marks, *taken) if self._holdings.owns(mark)]
        await self._let_go(claims, marks)
        await self._publish(marks)

    async def _connected(self) -> Claims:
        if self._claims is not None and not self._claims.connection.is_closed():
            return self._claims
        self._disconnect()
        if not self._partitions:
            self._partitions = await self._count_partitions()
        connection = await self._database.dedicated(f"claims {self._group}")
        self._claims = Claims(connection, self._group, self._topic)
        connection.add_termination_listener(self._on_lost)
        await self._claims.join(self._changed.set)
        return self._claims

    async def _count_partitions(self) -> int:
        async with self._log.connection() as connection:
            partitions = len(await store.ends(connection, self._topic))
        if not partitions:
            raise DependencyUnavailable(self._log.name, f"There is no topic {self._topic} yet.")
        return partitions

    async def _balance(self, claims: Claims, survey: Survey) -> list[Mark]:
        """Take what is missing, and say what was taken; what is too much is handed out no more."""
        missing = survey.fair_share(self._partitions) - len(self._holdings)
        self._holdings.wind_down(max(0, -missing), _now())
        if missing <= 0:
            return []
        taken = await claims.take(survey.candidates(self._partitions, missing))
        self._holdings.add(taken)
        return taken

    async def _let_go(self, claims: Claims, marks: list[Mark]) -> None:
        settled = self._holdings.settled(marks, _now())
        if settled:
            self._holdings.remove(settled)
            await claims.let_go(settled)

    async def _publish(self, marks: list[Mark]) -> None:
        """Write the offsets that moved; a producer that is away is told later."""
        moved = [mark for mark in marks if self._published.get(mark.partition) != mark]
        try:
            async with self._log.connection() as connection:
                if moved:
                    await store.publish(connection, self._group, self._topic, moved)
                ends = await store.ends(connection, self._topic)
        except DependencyUnavailable:
            return
        self._published |= {mark.partition: mark for mark in moved}
        self._lag.set(sum(ends[mark.partition] - mark.offset for mark in marks))

    async def _leave(self) -> None:
        if self._claims is not None and not self._claims.connection.is_closed():
            marks = [mark for mark in await self._claims.marks() if self._holdings.owns(mark)]
            await self._publish(marks)
            await self._claims.let_go(self._holdings.partitions())

    def start_over(self) -> None:
        """Drop everything and join again, after somebody else was seen to own a partition of ours."""
        _log.warning("%s was fenced off from %s", self._group, self._topic)
        self._disconnect()
        self._changed.set()

    def _on_lost(self, connection: object) -> None:
        if self._claims is not None and self._claims.connection is connection:
            self._holdings.clear()
            self._changed.set()

    def _disconnect(self) -> None:
        self._holdings.clear()
        self._lag.set(0)
        if self._claims is not None:
            connection = self._claims.connection
            self._claims = None
            connection.terminate()


def _now() -> float:
    return asyncio.get_running_loop().time()
