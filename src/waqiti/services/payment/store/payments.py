"""Reading payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import PaymentState, Status
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.store import rows

MAX_SCANNED: Final = 5_000

_READ: Final = """
SELECT p.id, p.from_wallet, p.to_wallet, p.from_account, p.to_account, p.from_customer, p.to_customer, p.amount,
       p.currency, p.manual, p.fee, p.description, p.metadata, p.created_by, p.created_at,
       s.status, s.captured, s.refunded, s.reserved, s.fee_captured, s.fee_shared, s.steps, s.refunds, s.review,
       s.failure_code, s.settled_by, s.decision, s.updated_at
FROM payments p
JOIN states s ON s.id = p.id
WHERE p.id = ANY ($1::uuid[])
ORDER BY p.id
"""


async def read(connection: Connection, ids: Sequence[UUID]) -> list[Payment]:
    """Read payments in the order of their ids; unknown ones are left out."""
    return [rows.payment(row) for row in await connection.fetch(_READ, ids)]


_LOCK: Final = _READ.rstrip() + "\nFOR NO KEY UPDATE OF s"


async def lock(connection: Connection, ids: Sequence[UUID]) -> list[Payment]:
    """Read payments as ``read`` does, and lock their states until the transaction ends."""
    return [rows.payment(row) for row in await connection.fetch(_LOCK, ids)]


_TEXTS: Final = "SELECT id, description FROM payments WHERE id = ANY ($1::uuid[]) AND description IS NOT NULL"


async def texts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the free text of payments that have some."""
    return {row["id"]: row["description"] for row in await connection.fetch(_TEXTS, ids)}


_STATES: Final = "SELECT id, status, captured FROM states WHERE id = ANY ($1::uuid[]) ORDER BY id"


async def states(connection: Connection, ids: Sequence[UUID]) -> list[PaymentState]:
    """Return the statuses of payments; unknown ones are left out."""
    found = await connection.fetch(_STATES, ids)
    return [PaymentState(id=row["id"], status=row["status"], amount_captured=row["captured"]) for row in found]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments to list; ``before`` is the id of the last payment of the page before."""

    wallet: UUID | None = None
    status: Status | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    after_id: UUID
    before_id: UUID


class Found(msgspec.Struct, frozen=True):
    """Payments newest first; ``scanned_to`` is where to go on when the look ended before anything else did."""

    ids: list[UUID]
    scanned_to: UUID | None


# A look goes over a bounded number of payments, newest first; both sides of a wallet have an index of their own.
_LIST: Final = """
WITH candidates AS (
    (SELECT id, created_at FROM payments
     WHERE $1::uuid IS NULL AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT id, created_at FROM payments
     WHERE from_wallet = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT id, created_at FROM payments
     WHERE to_wallet = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4)
),
scanned AS (
    SELECT id, created_at FROM candidates ORDER BY id DESC LIMIT $4
),
matching AS (
    SELECT c.id FROM scanned c
    JOIN states s ON s.id = c.id
    WHERE ($5::text IS NULL OR s.status = $5)
        AND ($6::timestamptz IS NULL OR c.created_at > $6) AND ($7::timestamptz IS NULL OR c.created_at < $7)
    ORDER BY c.id DESC
    LIMIT $8
)
SELECT ARRAY(SELECT id FROM matching ORDER BY id DESC) AS ids,
       (SELECT id FROM scanned ORDER BY id LIMIT 1) AS last_id, (SELECT count(*) FROM scanned) AS scanned
"""


async def find(connection: Connection, wanted: Filter, limit: int) -> Found:
    """List the ids of up to ``limit`` payments, newest first, among the next 5,000 that the indexes give."""
    scan = MAX_SCANNED if wanted.status is not None else limit + 1
    row = await connection.fetchrow(
        _LIST,
        wanted.wallet,
        wanted.after_id,
        wanted.before_id,
        scan,
        wanted.status,
        wanted.created_after,
        wanted.created_before,
        limit,
    )
    assert row is not None
    exhausted = row["scanned"] < scan
    return Found(list(row["ids"]), None if exhausted else row["last_id"])
