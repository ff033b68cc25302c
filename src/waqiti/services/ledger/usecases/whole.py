"""Reading all entries, as they stand at one instant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from waqiti.foundation.database import Connection, Database
from waqiti.services.ledger.store.whole import read_whole


class WholeBooks:
    """Snapshots of the database, one after the other: whoever posts keeps the other connections of the pool."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Semaphore()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Give a read-only transaction that sees the books as they stand now.

        Raises:
            DependencyUnavailable: as for ``Database.transaction``.
        """
        async with self._turn, self._database.transaction() as connection:
            await read_whole(connection)
            yield connection
