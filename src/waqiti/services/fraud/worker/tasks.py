"""The loops of fraud-service."""

import asyncio
from typing import Final

from waqiti.contracts.casework import PAYMENT_CASEWORK
from waqiti.contracts.catalog import FRAUD
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import Consumer, follow
from waqiti.foundation.pausing import Pauses, rest
from waqiti.foundation.runtime import BackgroundTask
from waqiti.foundation.runtime.forgetting import forget
from waqiti.foundation.telemetry import logger
from waqiti.services.fraud.domain.features import FORGET_AFTER
from waqiti.services.fraud.store import signals
from waqiti.services.fraud.usecases.asking import Model
from waqiti.services.fraud.usecases.figures import Figures, show_nothing
from waqiti.services.fraud.usecases.models import ModelFollower
from waqiti.services.fraud.usecases.queue import Queue
from waqiti.services.fraud.usecases.telling import Teller

GROUP: Final = FRAUD
_MAX_EVENTS: Final = 500
_BETWEEN_BATCHES_SECONDS: Final = 0.02
_BETWEEN_TELLINGS_SECONDS: Final = 0.1
_LONGEST_BETWEEN_TELLINGS_SECONDS: Final = 0.5
_BETWEEN_MEASURES_SECONDS: Final = 2.0
_PAUSE_TIMES_WORK: Final = 49
_AWAY_SECONDS: Final = 1.0

_log: Final = logger(__name__)


def follow_casework(log: Database, database: Database, queue: Queue) -> BackgroundTask:
    """Put into the queue what payment-service says is due, and note its disputes."""

    async def run(stop: asyncio.Event) -> None:
        consumer = Consumer(log=log, database=database, group=GROUP, topic=PAYMENT_CASEWORK, hinted=False)
        await follow(consumer, queue.follow, stop, max_events=_MAX_EVENTS, pause_seconds=_BETWEEN_BATCHES_SECONDS)

    return BackgroundTask("follow casework", run)


def follow_models(follower: ModelFollower[Model]) -> BackgroundTask:
    """Keep scoring on the champion of ml-service."""
    return BackgroundTask("follow models", follower.run)


def tell_verdicts(teller: Teller) -> BackgroundTask:
    """Tell verdicts that nobody has answered yet."""

    async def run(stop: asyncio.Event) -> None:
        pauses = Pauses(_BETWEEN_TELLINGS_SECONDS, _LONGEST_BETWEEN_TELLINGS_SECONDS)
        while not stop.is_set():
            try:
                pause = pauses.after(found=await teller.drive() > 0)
            except* DependencyUnavailable:
                pause = _AWAY_SECONDS
            await rest(stop, pause)

    return BackgroundTask("tell verdicts", run)


def measure(figures: Figures) -> BackgroundTask:
    """Measure false positives and the queue; while that cannot be done, nothing is shown.

    However much there is to count, it takes a fiftieth of the time at most.
    """

    async def run(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                began = loop.time()
                await _measure(figures)
                took = loop.time() - began
                await rest(stop, max(_BETWEEN_MEASURES_SECONDS, took * _PAUSE_TIMES_WORK))
        finally:
            show_nothing()

    return BackgroundTask("measure", run)


def forget_signals(database: Database) -> BackgroundTask:
    """Forget signals that no rule asks for any more."""

    async def sweep(connection: Connection, at_once: int) -> int:
        return await signals.sweep(connection, utc_now() - FORGET_AFTER, at_once)

    return forget("signals", database, sweep)


async def _measure(figures: Figures) -> None:
    try:
        await figures.measure(utc_now())
    except DependencyUnavailable as problem:
        _log.warning("figures_not_measured", detail=problem.detail)
        show_nothing()
