"""Work beside requests: started with the service, started again when it fails, told to stop, awaited."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from waqiti.foundation.telemetry import logger

_FIRST_PAUSE_SECONDS: Final = 0.1
_LAST_PAUSE_SECONDS: Final = 5.0
_STEADY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 15.0

_log = logger(__name__)


@dataclass(frozen=True)
class BackgroundTask:
    """``run`` is given the stop event: it finishes what it has begun and returns soon after that is set."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]


async def run_all(tasks: Sequence[BackgroundTask], stop: asyncio.Event) -> None:
    """Run ``tasks`` until ``stop`` is set and they have returned, at most 15 s later; then cancel what is left."""
    if not tasks:
        return
    running = [asyncio.create_task(_keep_running(task, stop), name=task.name) for task in tasks]
    try:
        await stop.wait()
        _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
        for task in late:
            _log.warning("task_cancelled", task=task.get_name(), after_seconds=STOP_SECONDS)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _keep_running(task: BackgroundTask, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE_SECONDS
    while not stop.is_set():
        started = loop.time()
        try:
            await task.run(stop)
        except Exception as error:  # noqa: BLE001 - whatever it was, the work must go on
            _log.error("task_failed", task=task.name, kind=type(error).__name__, exc_info=error)
        else:
            if not stop.is_set():
                _log.warning("task_returned", task=task.name)
        if loop.time() - started > _STEADY_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        await _pause(stop, pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LAST_PAUSE_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
