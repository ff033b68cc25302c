"""The loops of the worker process: each does rounds until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.pausing import Pauses, rest
from waqiti.foundation.runtime import BackgroundTask
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.services.wallet.domain.rails import Rail
from waqiti.services.wallet.usecases.driving import Driver
from waqiti.services.wallet.usecases.rounds import drive_due, hear_rails
from waqiti.services.wallet.usecases.wallets import Wallets

DRIVE_SECONDS: Final = 0.1
HEAR_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 0.5
RECONCILE_SECONDS: Final = 2.0
AWAY_SECONDS: Final = 1.0

Round = Callable[[], Awaitable[int]]


def loops(database: Database, driver: Driver, rails: Mapping[str, Rail], wallets: Wallets) -> list[BackgroundTask]:
    """Return the worker's tasks."""
    return [
        _repeating("movements", lambda: drive_due(database, driver), DRIVE_SECONDS),
        _repeating("rail-notices", lambda: hear_rails(database, rails), HEAR_SECONDS),
        _repeating("wallet-halves", wallets.finish_halves, RECONCILE_SECONDS),
        forget_requests(database),
    ]


def _repeating(name: str, work: Round, every_seconds: float) -> BackgroundTask:
    """Make a task of rounds: at once where one found work, else after a pause, a longer one while there is none."""

    async def run(stop: asyncio.Event) -> None:
        pauses = Pauses(every_seconds, max(every_seconds, LONGEST_SECONDS))
        while not stop.is_set():
            try:
                pause = pauses.after(found=await work() > 0)
            except (DependencyUnavailable, NoAnswer):
                pause = AWAY_SECONDS
            await rest(stop, pause)

    return BackgroundTask(name, run)
