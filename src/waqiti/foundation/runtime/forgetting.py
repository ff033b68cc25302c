"""Forgetting idempotency keys whose time is over."""

import asyncio
from typing import Final

from waqiti.foundation import idempotency
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.pausing import rest
from waqiti.foundation.runtime.tasks import BackgroundTask
from waqiti.foundation.telemetry import logger

_AT_ONCE: Final = 1_000
_EVERY_SECONDS: Final = 60.0
_BETWEEN_SECONDS: Final = 0.1
_AWAY_SECONDS: Final = 1.0

_log: Final = logger(__name__)


def forget_requests(database: Database) -> BackgroundTask:
    """Return the task that forgets requests older than 7 days: every minute, and at once again where there are more."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await rest(stop, await _forget(database))

    return BackgroundTask("forget requests", run)


async def _forget(database: Database) -> float:
    """Forget some; return for how many seconds to rest then."""
    try:
        async with database.connection() as connection:
            forgotten = await idempotency.sweep(connection, _AT_ONCE)
    except DependencyUnavailable as error:
        _log.warning("requests_not_forgotten", detail=error.detail)
        return _AWAY_SECONDS
    return _BETWEEN_SECONDS if forgotten == _AT_ONCE else _EVERY_SECONDS
