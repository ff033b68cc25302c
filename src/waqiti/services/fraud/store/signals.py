"""Signals that are forgotten."""

from datetime import datetime
from typing import Final

from waqiti.foundation.database import Connection

_SWEEP: Final = """
DELETE FROM signals WHERE (payment_id, kind) IN (
    SELECT payment_id, kind FROM signals WHERE at < $1 ORDER BY at LIMIT $2
)
"""


async def sweep(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` signals of before ``before``, the oldest first; return how many."""
    return int((await connection.execute(_SWEEP, before, limit)).removeprefix("DELETE "))
