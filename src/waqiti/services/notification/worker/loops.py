"""The loops of the worker."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from waqiti.contracts.catalog import NOTIFICATION
from waqiti.contracts.payment import PAYMENT_RESULTS
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import Consumer, follow
from waqiti.foundation.pausing import rest
from waqiti.foundation.runtime import BackgroundTask
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.foundation.telemetry import logger
from waqiti.services.notification.usecases.driving import Driver
from waqiti.services.notification.usecases.following import Following
from waqiti.services.notification.usecases.sending import Sender
from waqiti.services.notification.usecases.sweeping import measure, sweep

GROUP: Final = NOTIFICATION
_MAX_EVENTS: Final = 1_000
_BETWEEN_BATCHES_SECONDS: Final = 0.1
_SWEEP_SECONDS: Final = 60.0
_BETWEEN_SWEEPS_SECONDS: Final = 0.1
_MEASURE_SECONDS: Final = 5.0

_log: Final = logger(__name__)


def follow_results(log: Database, database: Database, following: Following) -> BackgroundTask:
    """Keep events as payments change. What comes within a tenth of a second is one batch."""

    async def run(stop: asyncio.Event) -> None:
        consumer = Consumer(log=log, database=database, group=GROUP, topic=PAYMENT_RESULTS, hinted=False)
        await follow(consumer, following.follow, stop, max_events=_MAX_EVENTS, pause_seconds=_BETWEEN_BATCHES_SECONDS)

    return BackgroundTask("follow payment results", run)


def deliver(sender: Sender, driver: Driver) -> BackgroundTask:
    """Send webhooks."""

    async def run(stop: asyncio.Event) -> None:
        async with sender:
            await driver.run(stop)

    return BackgroundTask("deliver webhooks", run)


def keep_house(database: Database) -> list[BackgroundTask]:
    """Forget what is old, and export how late deliveries are."""

    async def sweep_once() -> float:
        return _BETWEEN_SWEEPS_SECONDS if await sweep(database) else _SWEEP_SECONDS

    async def measure_once() -> float:
        await measure(database)
        return _MEASURE_SECONDS

    return [
        _repeating("forget what is old", sweep_once, _SWEEP_SECONDS),
        _repeating("measure deliveries", measure_once, _MEASURE_SECONDS),
        forget_requests(database),
    ]


def _repeating(name: str, work: Callable[[], Awaitable[float]], away_seconds: float) -> BackgroundTask:
    """Make a task of rounds, each of which says how long to rest after it."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                seconds = await work()
            except Problem as problem:
                _log.warning("round_failed", task=name, code=problem.code, detail=problem.detail)
                seconds = away_seconds
            await rest(stop, seconds)

    return BackgroundTask(name, run)
