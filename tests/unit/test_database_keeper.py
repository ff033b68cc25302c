"""How soon a pool's keeper looks again."""

import asyncio
from typing import cast

from waqiti.foundation.database.keeper import Keeper
from waqiti.foundation.database.pool import Database, PoolCounts


class JustReturned:
    """A pool that is never at rest: one connection is lent, and another came back at this very moment."""

    name = "busy"
    is_away = False
    counts = PoolCounts(size=2, idle=1, lent=1, waiting=0, max_size=4)

    min_idle = 0

    def __init__(self) -> None:
        self.looks = 0
        self.looked = asyncio.Event()

    def silent_seconds(self) -> float:
        return 0.0

    def idle_since(self) -> list[object]:
        self.looks += 1
        if self.looks == 3:
            self.looked.set()
        return []


def test_while_a_connection_is_lent_it_looks_five_times_a_second() -> None:
    async def three_looks() -> None:
        pool = JustReturned()
        keeper = Keeper(cast("Database", pool))
        await keeper.start()
        try:
            async with asyncio.timeout(1.2):
                await pool.looked.wait()
        finally:
            await keeper.stop()

    asyncio.run(three_looks())
