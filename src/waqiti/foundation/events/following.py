"""Following a topic where nobody waits for it: what comes within a pause is one batch, and nothing wakes the reader."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from waqiti.foundation.events.consumer import Consumer
from waqiti.foundation.events.model import Batch
from waqiti.foundation.pausing import rest

Effect: TypeAlias = Callable[[Consumer, Batch], Awaitable[object]]
"""What a batch brings about; it marks the batch in its own transaction."""


async def follow(
    consumer: Consumer, effect: Effect, stop: asyncio.Event, *, max_events: int, pause_seconds: float
) -> None:
    """Join the group, and give ``effect`` batch after batch until ``stop``; one that fails is handed out again."""
    async with consumer:
        while (batch := await _next(consumer, stop, max_events)) is not None:
            try:
                await effect(consumer, batch)
            except BaseException:
                consumer.abort(batch)
                raise
            await rest(stop, pause_seconds)


async def _next(consumer: Consumer, stop: asyncio.Event, max_events: int) -> Batch | None:
    reading = asyncio.create_task(consumer.next(max_events))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else None
    finally:
        for task in (reading, stopping):
            task.cancel()
        # A read that is under way gives its connection back before the group is left.
        await asyncio.wait((reading, stopping))
