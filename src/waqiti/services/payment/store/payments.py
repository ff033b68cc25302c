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


_NEWEST: Final = """
SELECT id, created_at FROM payments WHERE id > $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""

# Both sides of a wallet have an index of their own; only in its order can it be the one that is read.
_NEWEST_OF_WALLET: Final = """
SELECT id, created_at FROM (
    (SELECT id, created_at FROM payments
     WHERE (from_wallet, id) > ($4, $1) AND (from_wallet, id) < ($4, $2)
     ORDER BY from_wallet DESC, id DESC LIMIT $3)
    UNION ALL
    (SELECT id, created_at FROM payments
     WHERE (to_wallet, id) > ($4, $1) AND (to_wallet, id) < ($4, $2)
     ORDER BY to_wallet DESC, id DESC LIMIT $3)
) AS candidates
ORDER BY id DESC LIMIT $3
"""

_OF_STATUS: Final = "SELECT id FROM states WHERE id = ANY ($1::uuid[]) AND status = $2 ORDER BY id DESC LIMIT $3"


async def find(connection: Connection, wanted: Filter, limit: int) -> Found:
    """List the ids of up to ``limit`` payments, newest first, among the next 5,000 that the indexes give."""
    scan = MAX_SCANNED if wanted.status is not None else limit + 1
    bounds = (wanted.after_id, wanted.before_id, scan)
    if wanted.wallet is None:
        scanned = await connection.fetch(_NEWEST, *bounds)
    else:
        scanned = await connection.fetch(_NEWEST_OF_WALLET, *bounds, wanted.wallet)
    ids = [row["id"] for row in scanned if _is_within(row["created_at"], wanted)]
    if wanted.status is not None:
        ids = [row["id"] for row in await connection.fetch(_OF_STATUS, ids, wanted.status, limit)]
    return Found(ids[:limit], scanned[-1]["id"] if len(scanned) == scan else None)


def _is_within(created_at: datetime, wanted: Filter) -> bool:
    after, before = wanted.created_after, wanted.created_before
    return (after is None or created_at > after) and (before is None or created_at < before)
