"""Pausing between rounds of work: no longer than until somebody says stop, longer where there is nothing to do, and
together with the other loops of this process.
"""

import asyncio
import random
import time
from contextlib import suppress
from typing import Final

_PHASE: Final = random.random()
"""Keeps processes that start together from waking together."""


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Return after ``seconds``, or as soon as ``stop`` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def rest_until_beat(stop: asyncio.Event, every_seconds: float) -> None:
    """Return at the next beat, or as soon as ``stop`` is set: how a loop rests between rounds of equal distance."""
    await rest(stop, until_beat(every_seconds, asyncio.get_running_loop().time()))


def until_beat(every_seconds: float, now: float) -> float:
    """Return how many seconds it is to the next beat, at least half of one.

    Those of one process fall together, where one period is a multiple of the other: what wakes it costs an idle
    process more than what it then does.
    """
    left = every_seconds - (now + _PHASE) % every_seconds
    return left if left >= every_seconds / 2 else left + every_seconds


class Pauses:
    """Pauses of somebody who looks for work: twice as long each time while there is none, up to the longest.

    Those of full length end with a beat.
    """

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._next = first_seconds

    def after(self, *, found: bool) -> float:
        """Return how many seconds to pause; 0 where something was found."""
        if found:
            self._next = self._first
            return 0.0
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause if pause < self._longest else until_beat(pause, time.monotonic())
