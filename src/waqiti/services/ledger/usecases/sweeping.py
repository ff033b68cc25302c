"""What the ledger does unasked: releases overdue holds, and makes partitions ahead of time."""

from typing import Final

from waqiti.contracts.ledger import Transfer
from waqiti.foundation.database import Database
from waqiti.foundation.ids import derived_id
from waqiti.services.ledger.domain.books import Hold
from waqiti.services.ledger.store import holds, partitions
from waqiti.services.ledger.usecases.posting import post

BATCH: Final = 500
MONTHS_AHEAD: Final = 3


async def expire_holds(database: Database, *, limit: int = BATCH) -> int:
    """Release up to ``limit`` holds whose time has run out; return how many were overdue.

    The id of an expiry follows from its hold, so that whoever expires a hold makes the same transfer.
    """
    async with database.connection() as connection:
        overdue = await holds.expired(connection, limit)
    if overdue:
        await post(database, [_expiry(hold) for hold in overdue])
    return len(overdue)


async def create_partitions(database: Database) -> int:
    """Make the partitions of the coming months; return how many were new."""
    async with database.transaction() as connection:
        return await partitions.create(connection, MONTHS_AHEAD)


def _expiry(hold: Hold) -> Transfer:
    return Transfer(
        id=derived_id(hold.id, "expire"),
        kind="expire",
        purpose=hold.purpose,
        debit=hold.debit,
        credit=hold.credit,
        amount=hold.amount,
        currency=hold.currency,
        target=hold.id,
    )
