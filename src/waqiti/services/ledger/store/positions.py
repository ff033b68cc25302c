"""What stands on all accounts of a currency, now and at an instant of effective time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.safeguarding import Position

_SUMS: Final = """
SELECT currency,
       coalesce(-sum(balance) FILTER (WHERE kind = 'rail'), 0) AS rail,
       coalesce(sum(balance) FILTER (WHERE kind = 'wallet' AND balance > 0), 0) AS customers,
       coalesce(-sum(balance) FILTER (WHERE kind = 'wallet' AND balance < 0), 0) AS overdrawn,
       coalesce(sum(balance) FILTER (WHERE kind = 'suspense'), 0) AS suspense,
       coalesce(sum(balance) FILTER (WHERE kind = 'fees'), 0) AS fees,
       coalesce(sum(balance) FILTER (WHERE kind = 'liquidity'), 0) AS liquidity
FROM ({balances}) AS balances
GROUP BY currency ORDER BY currency
"""
_NOW: Final = _SUMS.format(
    balances="SELECT currency, kind, posted_credits - posted_debits AS balance FROM ledger.accounts"
)
_AS_OF: Final = _SUMS.format(
    balances="""
    SELECT a.currency, a.kind, e.balance
    FROM (
        SELECT account_id, sum(posted_change) AS balance FROM ledger.entries
        WHERE coalesce(effective_at, recorded_at) <= $1 GROUP BY account_id
    ) AS e
    JOIN ledger.accounts a ON a.id = e.account_id
    """
)


async def now(connection: Connection) -> list[Position]:
    """Sum up accounts as they stand."""
    return _positions(await connection.fetch(_NOW))


async def as_of(connection: Connection, instant: datetime) -> list[Position]:
    """Sum up entries that count from ``instant`` or before; it reads them all."""
    return _positions(await connection.fetch(_AS_OF, instant))


def _positions(rows: Sequence[Record]) -> list[Position]:
    return [
        Position(
            currency=row["currency"],
            rail=int(row["rail"]),
            customers=int(row["customers"]),
            overdrawn=int(row["overdrawn"]),
            suspense=int(row["suspense"]),
            fees=int(row["fees"]),
            liquidity=int(row["liquidity"]),
        )
        for row in rows
    ]
