"""Drives begun by a request: they go on when the request has been answered, and end before the service does."""

import asyncio
from typing import Final

from waqiti.foundation.telemetry import logger
from waqiti.services.wallet.domain.movements import MovementRow
from waqiti.services.wallet.usecases.driving import Driver

MAX_RUNNING: Final = 16
ANSWER_SECONDS: Final = 1.5
_CLOSE_SECONDS: Final = 5.0

_log = logger(__name__)


class Attempts:
    """At most 16 at once, and nobody waits for one of these places.

    What finds no place is left to the worker, which takes it at once; after a failure it does so when the lease ends.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._running: set[asyncio.Task[MovementRow | None]] = set()

    async def drive(self, movement: MovementRow, *, seconds: float = ANSWER_SECONDS) -> MovementRow | None:
        """Drive a leased movement; None where there is no place, or it has not come to rest within ``seconds``."""
        if len(self._running) >= MAX_RUNNING:
            await self._driver.let_go(movement)
            return None
        task = asyncio.create_task(self._driver.drive(movement))
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done or task.exception() is not None:
            return None
        return task.result()

    async def close(self) -> None:
        """Let those that run end, at most 5 s."""
        if self._running:
            await asyncio.wait(self._running, timeout=_CLOSE_SECONDS)
        for task in self._running:
            task.cancel()

    def _ended(self, task: asyncio.Task[MovementRow | None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("attempt_failed", kind=type(error).__name__, exc_info=error)
