"""Reading all entries: a snapshot of its own, planned for that, for a service's sessions read no table whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.database import Connection, Database, open_snapshot

_APPLICATION: Final = f"{LEDGER} whole books"


class WholeBooks:
    """Snapshots of the database, one after the other: each has a connection beside the pool's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Semaphore()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Give a read-only connection that sees the books as they stand now.

        Raises:
            DependencyUnavailable: the server does not answer.
        """
        async with self._turn, open_snapshot(self._database.url, LEDGER, _APPLICATION) as connection:
            yield connection
