"""Events about one payment on their way to webhook endpoints."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.ids import first_id, minted_at

_MOST: Final = 100
_MILLISECOND: Final = timedelta(milliseconds=1)


class DeliveryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery; ``last`` is the status or the code with which its last attempt ended."""

    id: UUID
    endpoint_id: UUID
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    next_at: datetime | None
    last: str | None
    last_at: datetime | None


# The ids of a payment's events share its time bits.
_DELIVERIES: Final = """
SELECT d.id, d.endpoint_id, d.event_type, d.status, d.attempts, d.created_at, d.next_at,
       coalesce(a.status_code::text, a.error) AS last, a.at AS last_at
FROM events e
JOIN deliveries d ON d.event_id = e.id
LEFT JOIN delivery_attempts a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE e.id >= $2 AND e.id < $3 AND e.subject = $1
ORDER BY d.id
LIMIT $4
"""


async def delivery_facts(connection: Connection, payment_id: UUID) -> list[DeliveryFacts]:
    """Read the deliveries of a payment's events from notification-service's database."""
    first, after = first_id(minted_at(payment_id)), first_id(minted_at(payment_id), _MILLISECOND)
    return [DeliveryFacts(**dict(row)) for row in await connection.fetch(_DELIVERIES, payment_id, first, after, _MOST)]
