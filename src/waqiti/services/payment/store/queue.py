"""The events by which payments stand in line."""

from typing import Final
from uuid import UUID

from waqiti.contracts.payment import PAYMENT_EVENTS
from waqiti.foundation.database import Connection
from waqiti.foundation.events import Event

_LAST: Final = """
SELECT topic, partition, "offset", key, type, subject, convert_to(data::text, 'UTF8') AS data, trace, recorded_at
FROM eventlog.events
WHERE subject = $1 AND topic = $2
ORDER BY recorded_at DESC, "offset" DESC
LIMIT 1
"""


async def last_event(connection: Connection, payment_id: UUID) -> Event | None:
    """Return the event by which a payment was queued last."""
    row = await connection.fetchrow(_LAST, payment_id, PAYMENT_EVENTS)
    return None if row is None else Event(*row)
