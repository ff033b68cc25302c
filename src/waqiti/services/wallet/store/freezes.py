"""Customers whose wallets are all frozen."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.services.wallet.domain.wallets import CustomerFreeze, WalletFreeze

_INSERT: Final = """
INSERT INTO customer_freezes AS f (customer_id, reason, actor) VALUES ($1, $2, $3)
ON CONFLICT (customer_id) DO UPDATE SET
    asked_at = clock_timestamp(), lifted_at = NULL,
    reason = CASE WHEN f.lifted_at IS NULL THEN f.reason ELSE excluded.reason END,
    actor = CASE WHEN f.lifted_at IS NULL THEN f.actor ELSE excluded.actor END
"""


async def insert(connection: Connection, freeze: CustomerFreeze) -> None:
    """Keep that a customer's wallets are frozen, and since when; the first reason stays until the freeze is lifted."""
    await connection.execute(_INSERT, freeze.customer_id, freeze.reason, freeze.actor)


_FIND: Final = """
SELECT customer_id, reason, actor FROM customer_freezes WHERE customer_id = $1 AND lifted_at IS NULL
"""


async def find(connection: Connection, customer_id: UUID) -> CustomerFreeze | None:
    """Read the freeze that what a customer opens is opened with, where there is one."""
    row = await connection.fetchrow(_FIND, customer_id)
    return CustomerFreeze(**row) if row is not None else None


_OF_WALLET: Final = """
SELECT f.asked_at, f.reason, f.actor, f.lifted_at IS NOT NULL AS lifted,
       coalesce(w.created_at > f.lifted_at OR (f.lifted_at IS NOT NULL AND w.unfrozen_at > f.asked_at), false) AS over
FROM wallets w JOIN customer_freezes f ON f.customer_id = w.customer_id
WHERE w.id = $1
"""


async def of_wallet(connection: Connection, wallet_id: UUID) -> WalletFreeze | None:
    """Read how the freeze of its customer stands for a wallet, where there is or was one."""
    row = await connection.fetchrow(_OF_WALLET, wallet_id)
    return WalletFreeze(**row) if row is not None else None


_BEGIN: Final = "UPDATE wallets SET unfreezing_until = clock_timestamp() + $2 WHERE id = $1"


async def begin_unfreezing(connection: Connection, wallet_id: UUID, lease: timedelta) -> None:
    """Keep that the ledger is going to be asked to unfreeze a wallet, and how long that may take."""
    await connection.execute(_BEGIN, wallet_id, lease)


_UNFREEZING: Final = "SELECT id FROM wallets WHERE id = ANY($1) AND unfreezing_until > clock_timestamp()"


async def unfreezing(connection: Connection, wallets: Sequence[UUID]) -> set[UUID]:
    """Return which of ``wallets`` the ledger may still unfreeze."""
    return {row["id"] for row in await connection.fetch(_UNFREEZING, wallets)}


_UNFROZEN: Final = """
WITH unfrozen AS (UPDATE wallets SET unfrozen_at = clock_timestamp() WHERE id = $1 RETURNING customer_id)
UPDATE customer_freezes f SET lifted_at = clock_timestamp()
FROM unfrozen WHERE f.customer_id = unfrozen.customer_id AND f.lifted_at IS NULL
"""


async def unfrozen(connection: Connection, wallet_id: UUID) -> None:
    """Keep that a wallet is unfrozen, and have what its customer opens from now on not frozen; the others stay so."""
    await connection.execute(_UNFROZEN, wallet_id)


_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('freeze of ' || $1::uuid, 0))"


async def lock(connection: Connection, customer_id: UUID) -> None:
    """Keep others from freezing a customer, or from unfreezing their wallets, until the transaction ends."""
    await connection.execute(_LOCK, customer_id)
