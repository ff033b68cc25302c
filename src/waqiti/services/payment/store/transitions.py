"""The transitions of a payment: its events in the log."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import PAYMENT_EVENTS, PAYMENT_RESULTS
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import CREATED


class Transition(msgspec.Struct, frozen=True):
    """One event about a payment, as it stands in the log."""

    topic: str
    partition: int
    offset: int
    type: str
    data: bytes
    recorded_at: datetime


_READ: Final = """
SELECT topic, partition, "offset", type, convert_to(data::text, 'UTF8') AS data, recorded_at
FROM eventlog.events
WHERE subject = $1 AND (topic = $2 OR (topic = $3 AND type = $4))
    AND ($5::timestamptz IS NULL OR (recorded_at, "offset") < ($5, $6))
ORDER BY recorded_at DESC, "offset" DESC
LIMIT $7
"""


async def read(
    connection: Connection, payment_id: UUID, before: tuple[datetime, int] | None, limit: int
) -> list[Transition]:
    """List transitions, newest first; ``before`` is the time and offset of the last one of the page before."""
    at, offset = before if before is not None else (None, None)
    found = await connection.fetch(_READ, payment_id, PAYMENT_RESULTS, PAYMENT_EVENTS, CREATED, at, offset, limit)
    return [Transition(*row) for row in found]
