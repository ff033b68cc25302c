"""The kept connections to one address, bounded."""

import asyncio
import time
from collections import deque
from typing import Final

from waqiti.foundation.http.client.connection import Connection
from waqiti.foundation.http.client.deadline import Deadline
from waqiti.foundation.http.client.failures import Crowded, NoAnswer

IDLE_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 2.0


class Pool:
    """Lends connections, the last returned first, so that the surplus falls idle and is dropped after 30 s.

    At most ``max_connections`` are open and ``max_waiters`` requests wait for one.
    """

    def __init__(self, name: str, host: str, port: int, *, max_connections: int, max_waiters: int) -> None:
        self._name = name
        self._host = host
        self._port = port
        self._max_connections = max_connections
        self._max_waiters = max_waiters
        self._idle: list[Connection] = []
        self._open = 0
        self._shut = False
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def take(self, deadline: Deadline, *, fresh: bool = False) -> Connection:
        """Return a connection for one request; ``fresh`` a new one.

        Raises:
            NoAnswer: none could be had; nothing was sent.
        """
        while True:
            connection = None if fresh else self._pop_idle()
            if connection is not None:
                return connection
            if fresh and self._open >= self._max_connections:
                self._drop_one_idle()
            if self._open < self._max_connections:
                return await self._connect(deadline)
            await self._wait(deadline)

    def give_back(self, connection: Connection) -> None:
        """Take a connection back; one that is closed is forgotten."""
        if self._shut and not connection.closed:
            connection.abort()
        if connection.closed:
            self._open -= 1
        else:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        self._wake()

    def close(self) -> None:
        """Close the idle connections now, and those in use when they come back."""
        self._shut = True
        for connection in self._idle:
            connection.abort()
        self._open -= len(self._idle)
        self._idle.clear()

    def _pop_idle(self) -> Connection | None:
        if not self._idle:
            return None
        oldest_allowed = time.monotonic() - IDLE_SECONDS
        if self._idle[0].closed or self._idle[0].idle_since < oldest_allowed:
            self._drop_old(oldest_allowed)
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
            self._open -= 1
        return None

    def _drop_old(self, oldest_allowed: float) -> None:
        kept = []
        for connection in self._idle:
            if connection.closed or connection.idle_since < oldest_allowed:
                connection.abort()
            else:
                kept.append(connection)
        self._open -= len(self._idle) - len(kept)
        self._idle = kept

    def _drop_one_idle(self) -> None:
        if self._idle:
            self._idle.pop(0).abort()
            self._open -= 1

    async def _connect(self, deadline: Deadline) -> Connection:
        self._open += 1
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, deadline.remaining_seconds)):
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, self._host, self._port)
        except (OSError, TimeoutError) as error:
            self._lost_one()
            detail = "connecting took too long" if isinstance(error, TimeoutError) else "it refuses connections"
            raise NoAnswer(self._name, detail, sent=False) from error
        except BaseException:
            self._lost_one()
            raise
        return connection

    def _lost_one(self) -> None:
        self._open -= 1
        self._wake()

    async def _wait(self, deadline: Deadline) -> None:
        if len(self._waiters) >= self._max_waiters:
            raise Crowded(self._name, "too many requests wait for a connection")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(deadline.remaining_seconds):
                await waiter
        except TimeoutError as error:
            raise Crowded(self._name, "no connection came free in time") from error
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif waiter.cancelled():
                self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
