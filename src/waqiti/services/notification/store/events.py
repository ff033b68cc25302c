"""Events for the outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.ids import siblings
from waqiti.services.notification.domain.events import EventRow, Place

MAX_SCANNED: Final = 5_000


class NewDelivery(msgspec.Struct, frozen=True):
    """A delivery to make of an event."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID


_KEEP: Final = "SELECT keep_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"


async def keep(
    connection: Connection, events: Sequence[EventRow], deliveries: Sequence[NewDelivery], mark: Sequence[object]
) -> None:
    """Store events with their deliveries and move the group's marks (``Consumer.mark_arguments``), all or nothing.

    What is known already stays as it is, and brings no delivery.
    """
    await connection.execute(
        _KEEP,
        [event.id for event in events],
        [event.subject for event in events],
        [event.created_at for event in events],
        [event.type for event in events],
        [event.data for event in events],
        [delivery.id for delivery in deliveries],
        [delivery.event_id for delivery in deliveries],
        [delivery.endpoint_id for delivery in deliveries],
        *mark,
    )


_INSERT: Final = """
INSERT INTO events (id, subject, created_at, type, data) VALUES ($1, $2, $3, $4, $5::text::json)
"""


async def insert(connection: Connection, event: EventRow) -> None:
    """Store one event."""
    await connection.execute(_INSERT, event.id, event.subject, event.created_at, event.type, event.data)


_FIND: Final = "SELECT id, subject, created_at, type, data::text AS data FROM events WHERE id = $1 AND type = ANY ($2)"


async def find(connection: Connection, event_id: UUID, types: Sequence[str]) -> EventRow | None:
    """Read an event of one of ``types``."""
    row = await connection.fetchrow(_FIND, event_id, types)
    return EventRow(**row) if row is not None else None


# The limit within bounds what a rare type makes it read; it ends before where enough was found.
_NEWEST: Final = """
SELECT id, subject, created_at, type, data FROM (
    SELECT id, subject, created_at, type, data::text AS data FROM events
    WHERE (created_at, id) < ($1, $2)
    ORDER BY created_at DESC, id DESC LIMIT $5
) AS scanned
WHERE type = ANY ($3)
ORDER BY created_at DESC, id DESC LIMIT $4
"""


async def newest(connection: Connection, before: Place, types: Sequence[str], limit: int) -> list[EventRow]:
    """List up to ``limit`` events of ``types`` before a place, among the next 5,000, newest first."""
    rows = await connection.fetch(_NEWEST, before.at, before.id, types, limit, MAX_SCANNED)
    return [EventRow(**row) for row in rows]


_SCANNED_TO: Final = """
SELECT created_at, id FROM events WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC OFFSET $3 LIMIT 1
"""


async def scanned_to(connection: Connection, before: Place) -> Place | None:
    """Return where ``newest`` has ended; None where that was the end of all."""
    row = await connection.fetchrow(_SCANNED_TO, before.at, before.id, MAX_SCANNED - 1)
    return Place(row["created_at"], row["id"]) if row is not None else None


# Their ids share the payment's time bits: those of a millisecond are read, by the primary key.
_OF_PAYMENT: Final = """
WITH beside AS MATERIALIZED (
    SELECT id, subject, created_at, type, data::text AS data FROM events WHERE id BETWEEN $1 AND $2
)
SELECT * FROM beside
WHERE subject = $3 AND type = ANY ($4) AND (created_at, id) < ($5, $6)
ORDER BY created_at DESC, id DESC LIMIT $7
"""


async def of_payment(
    connection: Connection, payment_id: UUID, before: Place, types: Sequence[str], limit: int
) -> list[EventRow]:
    """List events of one payment, newest first."""
    bounds = siblings(payment_id)
    rows = await connection.fetch(_OF_PAYMENT, *bounds, payment_id, types, before.at, before.id, limit)
    return [EventRow(**row) for row in rows]


_SWEEP: Final = """
DELETE FROM events WHERE id = ANY (ARRAY(
    SELECT id FROM events WHERE created_at < $1 ORDER BY created_at, id LIMIT $2
))
"""


async def sweep(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` events older than an instant; return how many."""
    return int((await connection.execute(_SWEEP, before, limit)).removeprefix("DELETE "))
