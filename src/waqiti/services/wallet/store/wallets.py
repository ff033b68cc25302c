"""Wallets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.foundation.ids import LAST_ID, NO_ID
from waqiti.services.wallet.domain.wallets import WalletRow

if TYPE_CHECKING:
    import asyncpg

_INSERT: Final = """
INSERT INTO wallets (id, customer_id, currency, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING
"""


async def insert(connection: Connection, wallet_id: UUID, customer_id: UUID, currency: str, now: datetime) -> None:
    """Store a wallet whose account is not open yet; one that is there stays as it is."""
    await connection.execute(_INSERT, wallet_id, customer_id, currency, now)


_OPENED: Final = """
UPDATE wallets SET opened_at = coalesce(opened_at, $2) WHERE id = $1
RETURNING id, customer_id, currency, opened_at, created_at
"""


async def mark_opened(connection: Connection, wallet_id: UUID, now: datetime) -> WalletRow:
    """Record that the wallet's account exists."""
    row = await connection.fetchrow(_OPENED, wallet_id, now)
    assert row is not None
    return _wallet(row)


_FIND: Final = """
SELECT id, customer_id, currency, opened_at, created_at FROM wallets
WHERE id = ANY($1) AND opened_at IS NOT NULL
"""


async def find(connection: Connection, ids: Sequence[UUID]) -> list[WalletRow]:
    """Read the open wallets among ``ids``."""
    return [_wallet(row) for row in await connection.fetch(_FIND, ids)]


# A bound that is always there is one that the index begins at, whatever plan was made.
_AFTER_ALL: Final = (datetime(9999, 1, 1, tzinfo=UTC), LAST_ID)

_LIST: Final = """
SELECT id, customer_id, currency, opened_at, created_at FROM wallets
WHERE opened_at IS NOT NULL AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC LIMIT $1
"""

_LIST_OF_CUSTOMER: Final = """
SELECT id, customer_id, currency, opened_at, created_at FROM wallets
WHERE customer_id = $4 AND opened_at IS NOT NULL AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC LIMIT $1
"""


async def newest(
    connection: Connection, limit: int, customer_id: UUID | None, before: tuple[datetime, UUID] | None
) -> list[WalletRow]:
    """List open wallets, newest first, of one customer or of all, older than ``before``."""
    at, last = before or _AFTER_ALL
    if customer_id is None:
        rows = await connection.fetch(_LIST, limit, at, last)
    else:
        rows = await connection.fetch(_LIST_OF_CUSTOMER, limit, at, last, customer_id)
    return [_wallet(row) for row in rows]


_OF_CUSTOMER: Final = """
SELECT id, customer_id, currency, opened_at, created_at FROM wallets
WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""


async def of_customer(connection: Connection, customer_id: UUID, after: UUID | None, limit: int) -> list[WalletRow]:
    """List the next wallets of a customer by id, those whose account is not open yet included."""
    return [_wallet(row) for row in await connection.fetch(_OF_CUSTOMER, customer_id, after or NO_ID, limit)]


_UNOPENED: Final = """
SELECT id, customer_id, currency, opened_at, created_at FROM wallets
WHERE opened_at IS NULL AND created_at < $1 AND (retry_at IS NULL OR retry_at < clock_timestamp())
ORDER BY created_at LIMIT $2
"""


async def unopened(connection: Connection, created_before: datetime, limit: int) -> list[WalletRow]:
    """List wallets whose account is still not open, the oldest first, without those that are left alone for now."""
    return [_wallet(row) for row in await connection.fetch(_UNOPENED, created_before, limit)]


_POSTPONE: Final = "UPDATE wallets SET retry_at = clock_timestamp() + $2 WHERE id = $1"


async def postpone(connection: Connection, wallet_id: UUID, pause: timedelta) -> None:
    """Leave a wallet alone whose account could not be opened."""
    await connection.execute(_POSTPONE, wallet_id, pause)


def _wallet(row: "asyncpg.Record") -> WalletRow:
    return WalletRow(**row)
