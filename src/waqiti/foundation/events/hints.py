"""Hints: a NOTIFY after commit wakes readers at once. One that is lost costs a reader a second at most."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

import asyncpg

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events.model import CHANNEL_PREFIX

_INTERVAL_SECONDS: Final = 0.005
_RETRY_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 1.0
_FAILURES: Final = (DependencyUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

Wake: TypeAlias = Callable[[], None]

_log: Final = logging.getLogger(__name__)

_NOTIFY: Final = "SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel"


class Hinter:
    """Sends hints on a connection of its own: at most one a topic every 5 ms, without making a caller wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due: set[str] = set()
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None

    def hint(self, topics: Iterable[str]) -> None:
        """Tell readers of ``topics`` that there is something new; call it after the commit."""
        self._due.update(topics)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_due(), name=f"hint {self._database.name}")

    async def close(self) -> None:
        """Send what is due and close the connection."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_TIMEOUT_SECONDS)
        self._disconnect()

    async def _send_due(self) -> None:
        while self._due:
            channels = [CHANNEL_PREFIX + topic for topic in self._due]
            self._due.clear()
            try:
                await self._send(channels)
            except _FAILURES as error:
                _log.warning("hints of %s are not sent: %s", self._database.name, error)
                self._disconnect()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                await asyncio.sleep(_INTERVAL_SECONDS)

    async def _send(self, channels: list[str]) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.dedicated("hints", synchronous_commit="off")
        await self._connection.execute(_NOTIFY, channels, timeout=_TIMEOUT_SECONDS)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


class Listener:
    """Holds one LISTEN connection for all readers of one database in this process; connects again when it is lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wakes: dict[str, list[Wake]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, database: Database) -> "Listener":
        """Return the listener that readers of ``database`` share."""
        listener = _LISTENERS.get(database)
        if listener is None:
            listener = _LISTENERS[database] = cls(database)
        return listener

    def subscribe(self, topic: str, wake: Wake) -> None:
        """Call ``wake`` at each hint about ``topic``, and once whenever hints may have been lost."""
        self._wakes.setdefault(topic, []).append(wake)
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"listen {self._database.name}")

    async def unsubscribe(self, topic: str, wake: Wake) -> None:
        """Stop calling ``wake``; without any subscriber the connection is closed."""
        self._wakes[topic].remove(wake)
        if not any(self._wakes.values()) and self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except _FAILURES as error:
                _log.warning("hints of %s are not heard: %s", self._database.name, error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.dedicated("listen")
        try:
            connection.add_termination_listener(self._on_lost)
            heard: set[str] = set()
            while not connection.is_closed():
                self._changed.clear()
                await self._hear(connection, heard)
                await self._changed.wait()
        finally:
            connection.terminate()

    async def _hear(self, connection: Connection, heard: set[str]) -> None:
        for topic in self._wakes.keys() - heard:
            await connection.add_listener(CHANNEL_PREFIX + topic, self._on_hint)
            heard.add(topic)
            self._wake(topic)

    def _on_hint(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        self._wake(channel.removeprefix(CHANNEL_PREFIX))

    def _on_lost(self, _connection: object) -> None:
        self._changed.set()

    def _wake(self, topic: str) -> None:
        for wake in self._wakes.get(topic, ()):
            wake()


_LISTENERS: Final[WeakKeyDictionary[Database, Listener]] = WeakKeyDictionary()
