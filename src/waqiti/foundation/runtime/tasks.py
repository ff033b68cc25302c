"""Work beside requests: started with the service, started again when it fails, told to stop, awaited."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from waqiti.foundation.pausing import rest
from waqiti.foundation.runtime.isolation import Isolation
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


async def run_all(tasks: Sequence[BackgroundTask], stop: asyncio.Event, isolation: Isolation | None = None) -> None:
    """Run ``tasks`` until ``stop`` is set and they have returned, at most 15 s later; then cancel what is left.

    While the service is isolated they are stopped in the same good order, and started again when that is over.
    """
    if not tasks:
        return
    cut_off = isolation or Isolation()
    running = [asyncio.create_task(_keep_running(task, stop, cut_off), name=task.name) for task in tasks]
    try:
        await stop.wait()
        _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
        for task in late:
            _log.warning("task_cancelled", task=task.get_name(), after_seconds=STOP_SECONDS)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _keep_running(task: BackgroundTask, stop: asyncio.Event, isolation: Isolation) -> None:
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE_SECONDS
    while True:
        await _first(stop, isolation.off)
        if stop.is_set():
            return
        started = loop.time()
        try:
            async with _halt(stop, isolation.on) as halt:
                await task.run(halt)
        except Exception as error:  # noqa: BLE001 - whatever it was, the work must go on
            _log.error("task_failed", task=task.name, kind=type(error).__name__, exc_info=error)
        else:
            if halt.is_set():
                continue
            _log.warning("task_returned", task=task.name)
        if loop.time() - started > _STEADY_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        await rest(stop, pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LAST_PAUSE_SECONDS)


@asynccontextmanager
async def _halt(*causes: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set as soon as one of ``causes`` is."""
    halt = asyncio.Event()

    async def watch() -> None:
        await _first(*causes)
        halt.set()

    watching = asyncio.create_task(watch())
    try:
        yield halt
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _first(*events: asyncio.Event) -> None:
    """Return when one of ``events`` is set."""
    if any(event.is_set() for event in events):
        return
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
