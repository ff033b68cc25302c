"""What time brings about: events and deliveries are forgotten after 30 days."""

from datetime import timedelta
from typing import Final

from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import first_id
from waqiti.foundation.telemetry import gauge
from waqiti.services.notification.store import deliveries, events

KEPT_FOR: Final = timedelta(days=30)
_AT_ONCE: Final = 1_000

_oldest: Final = gauge(
    "webhook_oldest_due_seconds", "For how long the webhook is due that has waited longest.", merge="livemax"
)


async def sweep(database: Database) -> bool:
    """Forget a thousand of each; return whether there may be more."""
    before = utc_now() - KEPT_FOR
    async with database.connection() as connection:
        forgotten = (
            await events.sweep(connection, before, _AT_ONCE),
            await deliveries.sweep(connection, first_id(before), _AT_ONCE),
        )
    return max(forgotten) == _AT_ONCE


async def measure(database: Database) -> None:
    """Export how late deliveries are."""
    async with database.connection() as connection:
        oldest = await deliveries.oldest_due(connection)
    late = (utc_now() - oldest).total_seconds() if oldest is not None else 0.0
    _oldest.set(max(0.0, late))
