"""The sandbox bank's books."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.wallet.domain.rails import RailNotice

if TYPE_CHECKING:
    import asyncpg


class BankOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the bank's books."""

    id: UUID
    kind: str
    amount: int
    currency: str
    reference: str
    booked_at: datetime
    settles_at: datetime
    fails: bool
    returns_at: datetime | None


_BOOK: Final = """
INSERT INTO sandbox_rail.orders (id, kind, amount, currency, reference, booked_at, settles_at, fails, returns_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


async def book(connection: Connection, order: BankOrder) -> bool:
    """Book an order; False where its id is known."""
    row = await connection.fetchrow(
        _BOOK,
        order.id,
        order.kind,
        order.amount,
        order.currency,
        order.reference,
        order.booked_at,
        order.settles_at,
        order.fails,
        order.returns_at,
    )
    return row is not None


_FIND: Final = """
SELECT id, kind, amount, currency, reference, booked_at, settles_at, fails, returns_at
FROM sandbox_rail.orders WHERE id = $1
"""


async def find(connection: Connection, order_id: UUID) -> BankOrder | None:
    """Read an order."""
    row = await connection.fetchrow(_FIND, order_id)
    return _order(row) if row is not None else None


_NOTIFY: Final = "INSERT INTO sandbox_rail.notices (order_id, due_at) SELECT $1, unnest($2::timestamptz[])"


async def add_notices(connection: Connection, order_id: UUID, due: Sequence[datetime]) -> None:
    """Plan news of an order."""
    await connection.execute(_NOTIFY, order_id, due)


_DUE: Final = """
SELECT id, order_id FROM sandbox_rail.notices WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2
"""


async def due_notices(connection: Connection, now: datetime, limit: int) -> list[RailNotice]:
    """List news that is due."""
    return [RailNotice(row["id"], row["order_id"]) for row in await connection.fetch(_DUE, now, limit)]


_TAKE: Final = "DELETE FROM sandbox_rail.notices WHERE id = ANY($1)"


async def take_notices(connection: Connection, ids: Sequence[int]) -> None:
    """Forget news that was taken notice of."""
    await connection.execute(_TAKE, ids)


def _order(row: "asyncpg.Record") -> BankOrder:
    return BankOrder(**row)
