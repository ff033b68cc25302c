"""The statement that posts a plain batch in one round trip."""

from datetime import datetime
from typing import Final

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.plain import PlainBatch

_POST: Final = """
SELECT ledger.post_plain($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""


async def post(connection: Connection, batch: PlainBatch) -> datetime | None:
    """Post all of ``batch`` and return when it was recorded; None, and nothing done, where an item might not pass.

    A unique violation says that one of the ids is known.
    """
    accounts, transfers = batch.accounts, batch.transfers
    recorded_at: datetime | None = await connection.fetchval(
        _POST,
        [account.id for account in accounts],
        [account.currency for account in accounts],
        [account.debits for account in accounts],
        [account.credits for account in accounts],
        [account.lowest for account in accounts],
        [account.ceiling for account in accounts],
        [account.entries for account in accounts],
        [row.item.id for row in transfers],
        [row.item.purpose for row in transfers],
        [row.item.currency for row in transfers],
        [row.item.amount for row in transfers],
        [row.debit.place for row in transfers],
        [row.debit_posted for row in transfers],
        [row.debit_version for row in transfers],
        [row.credit.place for row in transfers],
        [row.credit_posted for row in transfers],
        [row.credit_version for row in transfers],
    )
    return recorded_at
