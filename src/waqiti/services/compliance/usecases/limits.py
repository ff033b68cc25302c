"""The limits in use, read anew every few seconds."""

import time
from typing import Final

from waqiti.foundation.database import Connection
from waqiti.services.compliance.domain.limits import LimitTable
from waqiti.services.compliance.store import limits as store

_AGE_SECONDS: Final = 5.0


class LimitsInUse:
    """Limits say from when on they are in effect: those entered 5 s ahead are in time everywhere."""

    def __init__(self) -> None:
        self._table: LimitTable | None = None
        self._read_at = 0.0

    async def table(self, connection: Connection) -> LimitTable:
        """Return the limits, at most 5 s old."""
        now = time.monotonic()
        if self._table is None or now - self._read_at > _AGE_SECONDS:
            self._table = await store.read(connection)
            self._read_at = now
        return self._table

    async def forget(self) -> None:
        """Read them anew at the next use."""
        self._table = None
