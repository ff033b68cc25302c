"""Partitions of transfers and entries."""

from typing import Final

from waqiti.foundation.database import Connection

_CREATE: Final = "SELECT ledger.create_partitions($1)"


async def create(connection: Connection, months_ahead: int) -> int:
    """Make those of this month and of ``months_ahead`` after it; return how many were new."""
    created: int = await connection.fetchval(_CREATE, months_ahead)
    return created
