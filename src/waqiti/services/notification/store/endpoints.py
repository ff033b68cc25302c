"""Webhook endpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.notification.domain.endpoints import EndpointRow, Failing, Streak

_LOCK_KEY: Final = 0x5761716974690003


class Wanting(msgspec.Struct, frozen=True):
    """An enabled endpoint, and the types that it wants."""

    id: UUID
    events: list[str]


_COUNT: Final = "SELECT count(*) FROM webhook_endpoints WHERE id IS NOT NULL"


async def lock_and_count(connection: Connection) -> int:
    """Let nobody else add one until the transaction ends; return how many there are."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)
    count: int = await connection.fetchval(_COUNT)
    return count


_INSERT: Final = """
INSERT INTO webhook_endpoints (id, url, description, events, secret) VALUES ($1, $2, $3, $4, $5)
RETURNING id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
"""


async def insert(
    connection: Connection, endpoint_id: UUID, url: str, description: str | None, events: Sequence[str], secret: bytes
) -> EndpointRow:
    """Store a new endpoint."""
    row = await connection.fetchrow(_INSERT, endpoint_id, url, description, events, secret)
    assert row is not None
    return EndpointRow(**row)


_FIND: Final = """
SELECT id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
FROM webhook_endpoints WHERE id = $1
"""


async def find(connection: Connection, endpoint_id: UUID) -> EndpointRow | None:
    """Read an endpoint."""
    row = await connection.fetchrow(_FIND, endpoint_id)
    return EndpointRow(**row) if row is not None else None


_LOCK: Final = _FIND.rstrip() + "\nFOR NO KEY UPDATE"


async def lock(connection: Connection, endpoint_id: UUID) -> EndpointRow | None:
    """Read an endpoint and lock it until the transaction ends."""
    row = await connection.fetchrow(_LOCK, endpoint_id)
    return EndpointRow(**row) if row is not None else None


_NEWEST: Final = """
SELECT id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
FROM webhook_endpoints WHERE id < $1 ORDER BY id DESC LIMIT $2
"""


async def newest(connection: Connection, before: UUID, limit: int) -> list[EndpointRow]:
    """List endpoints, newest first."""
    return [EndpointRow(**row) for row in await connection.fetch(_NEWEST, before, limit)]


_WANTING: Final = "SELECT id, events FROM webhook_endpoints WHERE status = 'enabled' ORDER BY id"


async def wanting(connection: Connection) -> list[Wanting]:
    """List the enabled endpoints with what they want."""
    return [Wanting(row["id"], row["events"]) for row in await connection.fetch(_WANTING)]


_ENABLED: Final = """
SELECT id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
FROM webhook_endpoints WHERE status = 'enabled' ORDER BY id
"""


async def enabled(connection: Connection) -> list[EndpointRow]:
    """List the enabled endpoints."""
    return [EndpointRow(**row) for row in await connection.fetch(_ENABLED)]


_SET_STATUS: Final = """
UPDATE webhook_endpoints SET
    status = CASE WHEN $2::text IS NULL THEN 'enabled' ELSE 'disabled' END, disabled_reason = $2,
    failing_since = NULL, failed_at = NULL
WHERE id = $1
RETURNING id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
"""


async def set_status(connection: Connection, endpoint_id: UUID, disabled_reason: str | None) -> EndpointRow:
    """Disable a locked endpoint for a reason, or enable it where there is none."""
    row = await connection.fetchrow(_SET_STATUS, endpoint_id, disabled_reason)
    assert row is not None
    return EndpointRow(**row)


_ROTATE: Final = """
UPDATE webhook_endpoints SET secret = $2, former_secret = $3, former_until = $4 WHERE id = $1
RETURNING id, created_at, url, description, events, status, disabled_reason, secret, former_secret, former_until
"""


async def set_secret(
    connection: Connection, endpoint_id: UUID, secret: bytes, former: bytes, former_until: datetime
) -> EndpointRow:
    """Give a locked endpoint another secret; the former one is good for a while."""
    row = await connection.fetchrow(_ROTATE, endpoint_id, secret, former, former_until)
    assert row is not None
    return EndpointRow(**row)


_DELETE: Final = "DELETE FROM webhook_endpoints WHERE id = $1"


async def delete(connection: Connection, endpoint_id: UUID) -> bool:
    """Forget an endpoint; its deliveries end with it."""
    return await connection.execute(_DELETE, endpoint_id) == "DELETE 1"


_SUCCEEDED: Final = """
UPDATE webhook_endpoints SET failing_since = NULL, failed_at = NULL WHERE id = $1 AND failed_at IS NOT NULL
"""


async def note_success(connection: Connection, endpoint_id: UUID) -> None:
    """End a streak of failures."""
    await connection.execute(_SUCCEEDED, endpoint_id)


_LOCK_STREAK: Final = """
SELECT failing_since, failed_at, clock_timestamp() FROM webhook_endpoints
WHERE id = $1 AND status = 'enabled' FOR NO KEY UPDATE
"""


async def lock_streak(connection: Connection, endpoint_id: UUID) -> Streak | None:
    """Read the failures of an enabled endpoint, and lock it until the transaction ends."""
    row = await connection.fetchrow(_LOCK_STREAK, endpoint_id)
    return Streak(*row) if row is not None else None


_FAILED: Final = """
UPDATE webhook_endpoints SET
    failing_since = $2, failed_at = $3, disabled_reason = $4,
    status = CASE WHEN $4::text IS NULL THEN 'enabled' ELSE 'disabled' END
WHERE id = $1
"""


async def note_failure(connection: Connection, endpoint_id: UUID, failing: Failing, at: datetime) -> None:
    """Write what a failure makes of a locked endpoint."""
    await connection.execute(_FAILED, endpoint_id, failing.since, at, failing.disabled_reason)
