"""Deliveries and their attempts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from waqiti.contracts.public.webhooks import DeliveryAttempt, DeliveryStatus
from waqiti.foundation.database import Connection
from waqiti.services.notification.domain.deliveries import LEASE, Answer, DeliveryRow, DueDelivery, Ending
from waqiti.services.notification.domain.events import EventRow

if TYPE_CHECKING:
    import asyncpg

STATUSES: Final[tuple[DeliveryStatus, ...]] = ("pending", "delivered", "failed")

_INSERT: Final = """
INSERT INTO deliveries (id, event_id, event_type, endpoint_id, next_at) VALUES ($1, $2, $3, $4, now())
ON CONFLICT (id) DO NOTHING
"""


async def insert(connection: Connection, delivery_id: UUID, event_id: UUID, event_type: str, endpoint_id: UUID) -> None:
    """Make a delivery, due at once."""
    await connection.execute(_INSERT, delivery_id, event_id, event_type, endpoint_id)


_FIND: Final = """
SELECT id, event_id, endpoint_id, event_type, created_at, next_at, status FROM deliveries
WHERE id = $1 AND endpoint_id = $2
"""


async def find(connection: Connection, delivery_id: UUID, endpoint_id: UUID) -> DeliveryRow | None:
    """Read a delivery to an endpoint."""
    rows = await connection.fetch(_FIND, delivery_id, endpoint_id)
    found = await _with_attempts(connection, rows)
    return found[0] if found else None


_NEWEST: Final = """
SELECT d.* FROM unnest($2::text[]) AS s (status)
CROSS JOIN LATERAL (
    SELECT id, event_id, endpoint_id, event_type, created_at, next_at, status FROM deliveries
    WHERE endpoint_id = $1 AND status = s.status AND id < $3
    ORDER BY id DESC LIMIT $4
) d
ORDER BY d.id DESC LIMIT $4
"""


async def newest(
    connection: Connection, endpoint_id: UUID, statuses: Sequence[DeliveryStatus], before: UUID, limit: int
) -> list[DeliveryRow]:
    """List deliveries to an endpoint, newest first."""
    return await _with_attempts(connection, await connection.fetch(_NEWEST, endpoint_id, statuses, before, limit))


_CLAIM: Final = """
UPDATE deliveries d SET lease = $3, next_at = clock_timestamp() + $4
FROM (
    SELECT c.id, c.event_id, v.subject, v.created_at, v.type, v.data::text AS data
    FROM unnest($1::uuid[], $2::integer[]) AS e (id, room)
    CROSS JOIN LATERAL (
        SELECT id, event_id FROM deliveries
        WHERE endpoint_id = e.id AND next_at <= clock_timestamp()
        ORDER BY next_at LIMIT e.room
        FOR UPDATE SKIP LOCKED
    ) c
    LEFT JOIN events v ON v.id = c.event_id
) AS picked
WHERE d.id = picked.id
RETURNING d.id, d.endpoint_id, d.lease, d.attempts, picked.event_id, picked.subject, picked.created_at, picked.type,
    picked.data
"""


async def claim(connection: Connection, rooms: Mapping[UUID, int], lease: UUID) -> list[DueDelivery]:
    """Lease what is due, for each endpoint as many as it has room for."""
    return [_due(row) for row in await connection.fetch(_CLAIM, list(rooms), list(rooms.values()), lease, LEASE)]


_RECORD: Final = """
WITH moved AS (
    UPDATE deliveries SET status = $3, next_at = clock_timestamp() + $4, lease = NULL, attempts = attempts + 1
    WHERE id = $1 AND lease = $2
    RETURNING id, attempts
)
INSERT INTO delivery_attempts (delivery_id, number, at, took_ms, status_code, error, answer)
SELECT id, attempts, $5, $6, $7, $8, $9 FROM moved
RETURNING number
"""


async def record(connection: Connection, due: DueDelivery, ending: Ending, answer: Answer, at: datetime) -> bool:
    """Write what came of an attempt; False where the lease had ended and somebody else has the delivery now."""
    number = await connection.fetchval(
        _RECORD,
        due.id,
        due.lease,
        ending.status,
        ending.pause,
        at,
        answer.took_ms,
        answer.status_code,
        answer.error,
        answer.text,
    )
    return number is not None


_PUT_OFF: Final = """
UPDATE deliveries SET next_at = clock_timestamp() + $3, lease = NULL WHERE id = $1 AND lease = $2
"""


async def put_off(connection: Connection, due: DueDelivery, pause: timedelta) -> None:
    """Give a lease back without an attempt; the delivery is due again after a pause."""
    await connection.execute(_PUT_OFF, due.id, due.lease, pause)


_OLDEST_DUE: Final = """
SELECT min(d.next_at) FROM webhook_endpoints e
CROSS JOIN LATERAL (SELECT next_at FROM deliveries WHERE endpoint_id = e.id AND next_at IS NOT NULL
                    ORDER BY next_at LIMIT 1) d
WHERE e.status = 'enabled'
"""


async def oldest_due(connection: Connection) -> datetime | None:
    """Return since when the delivery is due that has waited longest, or when the first one will be."""
    oldest: datetime | None = await connection.fetchval(_OLDEST_DUE)
    return oldest


_SWEEP: Final = """
WITH old AS MATERIALIZED (
    SELECT id FROM deliveries WHERE id < $1 ORDER BY id LIMIT $2
), attempts AS (
    DELETE FROM delivery_attempts WHERE delivery_id = ANY (ARRAY(SELECT id FROM old))
)
DELETE FROM deliveries WHERE id = ANY (ARRAY(SELECT id FROM old))
"""


async def sweep(connection: Connection, before: UUID, limit: int) -> int:
    """Forget up to ``limit`` deliveries whose id was minted before ``before``; return how many."""
    return int((await connection.execute(_SWEEP, before, limit)).removeprefix("DELETE "))


_ATTEMPTS: Final = """
SELECT delivery_id, number, at, took_ms, status_code, error, answer FROM delivery_attempts
WHERE delivery_id = ANY ($1) ORDER BY delivery_id, number
"""


async def _with_attempts(connection: Connection, rows: "Sequence[asyncpg.Record]") -> list[DeliveryRow]:
    attempts: dict[UUID, list[DeliveryAttempt]] = defaultdict(list)
    for row in await connection.fetch(_ATTEMPTS, [row["id"] for row in rows]) if rows else ():
        fields = dict(row)
        attempts[fields.pop("delivery_id")].append(DeliveryAttempt(**fields))
    return [DeliveryRow(**row, attempts=attempts[row["id"]]) for row in rows]


def _due(row: "asyncpg.Record") -> DueDelivery:
    event = None
    if row["type"] is not None:
        event = EventRow(
            id=row["event_id"],
            subject=row["subject"],
            created_at=row["created_at"],
            type=row["type"],
            data=row["data"],
        )
    return DueDelivery(
        id=row["id"], endpoint_id=row["endpoint_id"], lease=row["lease"], attempts=row["attempts"], event=event
    )
