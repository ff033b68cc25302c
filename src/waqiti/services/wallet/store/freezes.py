"""Customers whose wallets are all frozen."""

from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.services.wallet.domain.wallets import CustomerFreeze

_INSERT: Final = """
INSERT INTO customer_freezes (customer_id, reason, actor) VALUES ($1, $2, $3) ON CONFLICT (customer_id) DO NOTHING
"""


async def insert(connection: Connection, freeze: CustomerFreeze) -> None:
    """Keep that a customer's wallets are frozen; the first freeze stays as it is."""
    await connection.execute(_INSERT, freeze.customer_id, freeze.reason, freeze.actor)


_FIND: Final = "SELECT customer_id, reason, actor FROM customer_freezes WHERE customer_id = $1"


async def find(connection: Connection, customer_id: UUID) -> CustomerFreeze | None:
    """Read the freeze of a customer, where there is one."""
    row = await connection.fetchrow(_FIND, customer_id)
    return CustomerFreeze(**row) if row is not None else None


_LIFT: Final = "DELETE FROM customer_freezes WHERE customer_id = $1"


async def lift(connection: Connection, customer_id: UUID) -> None:
    """Have wallets that a customer opens from now on not frozen; what is frozen stays so. The ledger keeps who did."""
    await connection.execute(_LIFT, customer_id)


_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('freeze of ' || $1::uuid, 0))"


async def lock(connection: Connection, customer_id: UUID) -> None:
    """Keep others from freezing a customer, or from unfreezing their wallets, until the transaction ends."""
    await connection.execute(_LOCK, customer_id)
