"""Reading one fact from one database: a session of its own, read-only, with an end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.database.connecting import open_connection
from waqiti.foundation.errors import DependencyUnavailable

TIME_LIMIT_SECONDS: Final = 3.0
_CLOSE_SECONDS: Final = 0.5
_NAME: Final = "waqiti facts"
_AWAY: Final = "the database does not answer"

Fact = TypeVar("Fact")


class Unreadable(msgspec.Struct, frozen=True):
    """A fact that could not be read, from where, why, and after how long that was known."""

    fact: str
    source: str
    error: str
    after_ms: int

    @property
    def away(self) -> bool:
        """Say whether the database does not answer at all."""
        return self.error == _AWAY


class Source(msgspec.Struct, frozen=True):
    """The database of a deployment."""

    deployment: str
    url: str


async def read_fact(
    fact: str,
    source: Source,
    read: Callable[[Connection], Awaitable[Fact]],
    *,
    seconds: float = TIME_LIMIT_SECONDS,
) -> Fact | Unreadable:
    """Return what ``read`` finds as of one instant, or why it cannot be known within ``seconds``."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            return await _read(source, read, seconds)
    except TimeoutError:
        error = f"no answer within {seconds:g} s"
    except DependencyUnavailable:
        error = _AWAY
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    return Unreadable(fact, source.deployment, error, round((time.monotonic() - began) * 1000))


async def _read(source: Source, read: Callable[[Connection], Awaitable[Fact]], seconds: float) -> Fact:
    settings = {"statement_timeout": f"{round(seconds * 1000)}ms"}
    connection = await open_connection(source.url, source.deployment, _NAME, settings)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await read(connection)
    finally:
        await _close(connection)


async def _close(connection: Connection) -> None:
    try:
        await connection.close(timeout=_CLOSE_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
