"""Pausing between rounds of work, no longer than until somebody says stop."""

import asyncio
from contextlib import suppress


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Return after ``seconds``, or as soon as ``stop`` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
