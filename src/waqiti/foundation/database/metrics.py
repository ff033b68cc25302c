"""Figures of this process's pools."""

from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import PoolCounts

CONNECTIONS: Final = Gauge(
    "database_pool_connections",
    "Connections of a pool: active, idle, and the most it may open; and callers that wait for one.",
    ("pool", "state"),
    multiprocess_mode="livesum",
)


class PoolGauges:
    """The children of one pool, bound once."""

    def __init__(self, pool: str) -> None:
        self._active = CONNECTIONS.labels(pool, "active")
        self._idle = CONNECTIONS.labels(pool, "idle")
        self._waiting = CONNECTIONS.labels(pool, "waiting")
        self._max = CONNECTIONS.labels(pool, "max")

    def show(self, counts: "PoolCounts") -> None:
        """Export ``counts``."""
        self._active.set(counts.lent)
        self._idle.set(counts.idle)
        self._waiting.set(counts.waiting)
        self._max.set(counts.max_size)
