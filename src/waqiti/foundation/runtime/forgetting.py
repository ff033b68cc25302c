"""Forgetting what nobody asks for any more, some at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from waqiti.foundation import idempotency
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.pausing import rest
from waqiti.foundation.runtime.tasks import BackgroundTask
from waqiti.foundation.telemetry import logger

_AT_ONCE: Final = 1_000
_EVERY_SECONDS: Final = 60.0
_BETWEEN_SECONDS: Final = 0.1
_AWAY_SECONDS: Final = 1.0

Sweep: TypeAlias = Callable[[Connection, int], Awaitable[int]]
"""Forgets up to so many, and returns how many there were."""

_log: Final = logger(__name__)


def forget(what: str, database: Database, sweep: Sweep) -> BackgroundTask:
    """Return the task that forgets ``what`` by ``sweep``: every minute, and at once again where there is more."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await rest(stop, await _forget(what, database, sweep))

    return BackgroundTask(f"forget {what}", run)


def forget_requests(database: Database) -> BackgroundTask:
    """Return the task that forgets requests older than 7 days."""
    return forget("requests", database, idempotency.sweep)


async def _forget(what: str, database: Database, sweep: Sweep) -> float:
    """Forget some; return for how many seconds to rest then."""
    try:
        async with database.connection() as connection:
            forgotten = await sweep(connection, _AT_ONCE)
    except DependencyUnavailable as error:
        _log.warning("not_forgotten", what=what, detail=error.detail)
        return _AWAY_SECONDS
    return _BETWEEN_SECONDS if forgotten == _AT_ONCE else _EVERY_SECONDS
