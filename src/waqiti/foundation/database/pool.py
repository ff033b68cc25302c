"""The pool and the unit of work.

asyncpg's own pool resets a connection by a round trip at each release and cannot be made before the server runs; this
one does neither. Connections carry no session state: whoever needs some (locks, LISTEN) opens a dedicated one.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import asyncpg
import msgspec

from waqiti.foundation.database import failures
from waqiti.foundation.database.connecting import open_connection
from waqiti.foundation.database.keeper import Keeper
from waqiti.foundation.database.leases import Lease, Transaction
from waqiti.foundation.errors import DependencyUnavailable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_ACQUIRE_TIMEOUT_SECONDS: Final = 2.0
_CLOSE_TIMEOUT_SECONDS: Final = 1.0
_MAX_WAITING: Final = 2_000


class PoolCounts(msgspec.Struct, frozen=True):
    """A pool at one moment: open connections, how many are idle or lent, and callers that wait for one."""

    size: int
    idle: int
    lent: int
    waiting: int
    max_size: int


class Database:
    """One pool of connections to one database; ``name`` appears in logs, metrics and pg_stat_activity."""

    def __init__(self, url: str, name: str, max_size: int, min_idle: int) -> None:
        assert 0 <= min_idle <= max_size
        assert max_size > 0
        self.name = name
        self.url = url
        self.max_size = max_size
        self.min_idle = min_idle
        self._size = 0
        self._idle: deque[tuple[Connection, float]] = deque()
        self._lent: dict[Connection, float] = {}
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._away = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._returned_at = self._loop.time()
        self._keeper = Keeper(self)

    @classmethod
    async def open(cls, url: str, *, name: str, max_size: int = 4, min_idle: int = 1) -> Self:
        """Open a pool; a server that is down is no failure, the pool connects when it comes."""
        database = cls(url, name, max_size, min(min_idle, max_size))
        await database._keeper.start()
        return database

    def transaction(self) -> Transaction:
        """Open the unit of work: BEGIN (read committed), COMMIT on leaving, ROLLBACK on an exception.

        Raises:
            DependencyUnavailable: no connection within 2 s, the server is away, or a lock was not granted in time.
        """
        return Transaction(self)

    def connection(self) -> Lease:
        """Lend a connection for single statements, each committed by itself.

        Raises:
            DependencyUnavailable: as for ``transaction``.
        """
        return Lease(self)

    async def dedicated(self, purpose: str, **settings: str) -> Connection:
        """Open a connection outside the pool, for locks or LISTEN; the caller closes it.

        Raises:
            DependencyUnavailable: the server cannot be reached.
        """
        return await open_connection(self.url, self.name, f"{self.name} {purpose}", settings)

    async def ping(self) -> None:
        """Return once the server has answered a statement.

        Raises:
            DependencyUnavailable: it does not.
        """
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    def resize(self, max_size: int, min_idle: int) -> None:
        """Change the bounds while the pool is in use; what is lent beyond them closes as it comes back."""
        assert max_size > 0
        self.max_size = max_size
        self.min_idle = min(min_idle, max_size)
        while self._idle and self._size > max_size:
            self.drop(self._idle.popleft()[0])
        for _ in range(max_size - self._size):
            if (waiter := self._first_waiter()) is None:
                return
            waiter.set_result(None)

    async def close(self) -> None:
        """Close idle connections and refuse new work; lent connections close as they come back."""
        self._closed = True
        await self._keeper.stop()
        self._wake_all()
        while self._idle:
            connection, _ = self._idle.pop()
            self._size -= 1
            await _close(connection)

    @property
    def counts(self) -> PoolCounts:
        """Return the pool's figures now."""
        return PoolCounts(self._size, len(self._idle), len(self._lent), len(self._waiting), self.max_size)

    @property
    def is_away(self) -> bool:
        """Tell whether the server was found not to answer; callers are refused until it does."""
        return self._away

    # -- what leases and the keeper use

    async def acquire(self) -> Connection:
        """Take a connection; give it back by ``release``."""
        while not self._closed and not self._away:
            while self._idle:
                connection, _ = self._idle.pop()
                if not connection.is_closed():
                    return self._lend(connection)
                self._size -= 1
            if self._size < self.max_size:
                return self._lend(await self.grow())
            handed = await self._wait()
            if handed is not None:
                return self._lend(handed)
        raise failures.unavailable(self.name)

    def release(self, connection: Connection) -> None:
        """Give back a connection; one that is broken or still in a transaction is dropped."""
        self._lent.pop(connection, None)
        if not self._lent:
            self._keeper.all_back()
        self._returned_at = self._loop.time()
        unwanted = self._closed or self._size > self.max_size
        if connection.is_closed() or unwanted or connection.is_in_transaction():
            self.drop(connection)
        else:
            self.give(connection)

    def give(self, connection: Connection) -> None:
        """Hand a clean connection to the first waiter, or keep it idle."""
        waiter = self._first_waiter()
        if waiter is not None:
            waiter.set_result(connection)
        else:
            self._idle.append((connection, self._loop.time()))

    def drop(self, connection: Connection) -> None:
        """Forget a connection and let a waiter open another."""
        if not connection.is_closed():
            connection.terminate()
        self._shrink()

    async def grow(self) -> Connection:
        """Open one more connection within ``max_size``; with none left and the server down, callers are refused."""
        self._size += 1
        try:
            return await open_connection(self.url, self.name, self.name, {})
        except BaseException as error:
            self._shrink()
            if isinstance(error, DependencyUnavailable) and self._size == 0:
                self.set_away(True)
            raise

    def idle_since(self) -> list[tuple[Connection, float]]:
        """List idle connections, the longest idle first, with the loop time they came back."""
        return list(self._idle)

    def retire(self, entry: tuple[Connection, float]) -> None:
        """Close one idle connection."""
        self._idle.remove(entry)
        self.drop(entry[0])

    def silent_seconds(self) -> float:
        """Return for how long connections have been lent without any coming back; 0 where none is lent."""
        if not self._lent:
            return 0.0
        return self._loop.time() - max(self._returned_at, next(iter(self._lent.values())))

    def set_away(self, away: bool) -> None:
        """Cut every connection of a server that does not answer, or let callers in again."""
        self._away = away
        if not away:
            return
        for connection in list(self._lent):
            connection.terminate()
        while self._idle:
            self.drop(self._idle.pop()[0])
        self._wake_all()

    # -- inside

    def _lend(self, connection: Connection) -> Connection:
        if not self._lent:
            self._keeper.first_lent()
        self._lent[connection] = self._loop.time()
        return connection

    def _shrink(self) -> None:
        self._size -= 1
        waiter = self._first_waiter() if self._size < self.max_size else None
        if waiter is not None:
            waiter.set_result(None)

    def _first_waiter(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _wake_all(self) -> None:
        while (waiter := self._first_waiter()) is not None:
            waiter.set_result(None)

    async def _wait(self) -> Connection | None:
        if len(self._waiting) >= _MAX_WAITING:
            raise self._exhausted("too many callers wait")
        try:
            async with asyncio.timeout(_ACQUIRE_TIMEOUT_SECONDS):
                return await self._in_line()
        except TimeoutError as error:
            raise self._exhausted(f"none came free in {_ACQUIRE_TIMEOUT_SECONDS:g} s") from error

    async def _in_line(self) -> Connection | None:
        place: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._pass_on(place.result())
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        """Serve the next caller with what was handed to one that no longer waits."""
        if connection is not None:
            self.give(connection)
        elif (waiter := self._first_waiter()) is not None:
            waiter.set_result(None)

    def _exhausted(self, why: str) -> DependencyUnavailable:
        failures.log_exhausted(self.name, why, self.counts)
        return failures.unavailable(self.name)


async def _close(connection: Connection) -> None:
    try:
        await connection.close(timeout=_CLOSE_TIMEOUT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
