"""The events by which payments stand in line."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.payment import CONSUMER_GROUP, PAYMENT_EVENTS
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


_IN_LINE: Final = """
SELECT DISTINCT e.subject
FROM eventlog.events e
LEFT JOIN eventlog.marks m ON m.group_name = $2 AND m.topic = e.topic AND m.partition = e.partition
WHERE e.subject = ANY ($1::uuid[]) AND e.topic = $3 AND e."offset" >= coalesce(m."offset", 0)
"""


async def in_line(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those payments that an event moves which the group has not marked yet."""
    found = await connection.fetch(_IN_LINE, ids, CONSUMER_GROUP, PAYMENT_EVENTS)
    return {row["subject"] for row in found}
