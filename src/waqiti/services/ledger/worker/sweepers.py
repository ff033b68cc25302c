"""The clocks of what the ledger does unasked."""

import asyncio
from typing import Final

from waqiti.foundation.database import Database
from waqiti.foundation.pausing import rest, rest_until_beat
from waqiti.foundation.runtime import BackgroundTask
from waqiti.services.ledger.usecases.sweeping import BATCH, create_partitions, expire_holds

EXPIRY_SECONDS: Final = 1.0
PARTITION_SECONDS: Final = 6 * 3600.0


def sweepers(database: Database) -> list[BackgroundTask]:
    """Return the ledger's background work."""

    async def expire(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await expire_holds(database) < BATCH:
                await rest_until_beat(stop, EXPIRY_SECONDS)

    async def partition(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await create_partitions(database)
            await rest(stop, PARTITION_SECONDS)

    return [BackgroundTask("expire holds", expire), BackgroundTask("create partitions", partition)]
