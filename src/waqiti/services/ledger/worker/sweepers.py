"""The clocks of what the ledger does unasked."""

import asyncio
from contextlib import suppress
from typing import Final

from waqiti.foundation.database import Database
from waqiti.foundation.runtime import BackgroundTask
from waqiti.services.ledger.usecases.sweeping import BATCH, create_partitions, expire_holds

EXPIRY_SECONDS: Final = 1.0
PARTITION_SECONDS: Final = 6 * 3600.0


def sweepers(database: Database) -> list[BackgroundTask]:
    """Return the ledger's background work."""

    async def expire(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await expire_holds(database) < BATCH:
                await _pause(stop, EXPIRY_SECONDS)

    async def partition(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await create_partitions(database)
            await _pause(stop, PARTITION_SECONDS)

    return [BackgroundTask("expire holds", expire), BackgroundTask("create partitions", partition)]


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
