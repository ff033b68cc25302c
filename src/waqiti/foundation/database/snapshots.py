"""Reading a whole database as it stands at one instant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from waqiti.foundation.database.connecting import open_connection

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import Connection

# Whole tables are joined here: looking rows up one by one, which a plan may choose by old statistics, takes an hour.
_SESSION: Final = {
    "work_mem": "64MB",
    "plan_cache_mode": "auto",
    "enable_seqscan": "on",
    "enable_nestloop": "off",
    "enable_partitionwise_join": "on",
    "enable_partitionwise_aggregate": "on",
    "idle_in_transaction_session_timeout": "10min",
}


@asynccontextmanager
async def open_snapshot(url: str, database: str, application_name: str) -> "AsyncIterator[Connection]":
    """Open a read-only connection that sees the database as it stands now, for as long as it is open.

    Raises:
        DependencyUnavailable: the server does not answer.
    """
    connection = await open_connection(url, database, application_name, _SESSION)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SELECT 1")  # the first statement takes the snapshot
            yield connection
    finally:
        await connection.close()
