"""Sums of entries by effective time: that of its recording where an entry was not dated back."""

from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.trial_balance import AccountRow, KindRow

# Transfers keep the id that was minted with what they belong to, perhaps weeks before: no partition can be left out.
_BY_KIND: Final = """
SELECT a.currency, a.kind, count(*) AS accounts, sum(e.opening) AS opening, sum(e.debits) AS debits,
       sum(e.credits) AS credits
FROM (
    SELECT account_id,
           coalesce(sum(posted_change) FILTER (WHERE effective < $1), 0) AS opening,
           coalesce(-sum(posted_change) FILTER (WHERE effective >= $1 AND posted_change < 0), 0) AS debits,
           coalesce(sum(posted_change) FILTER (WHERE effective >= $1 AND posted_change > 0), 0) AS credits
    FROM (
        SELECT account_id, posted_change, coalesce(effective_at, recorded_at) AS effective
        FROM ledger.entries WHERE posted_change <> 0
    ) AS entries
    WHERE effective < $2 GROUP BY account_id
) AS e
JOIN ledger.accounts a ON a.id = e.account_id
WHERE $3::text IS NULL OR a.currency = $3
GROUP BY a.currency, a.kind ORDER BY a.currency, a.kind
"""


async def by_kind(connection: Connection, start: datetime, end: datetime, currency: str | None) -> list[KindRow]:
    """Sum up the accounts of each currency and kind, from ``start`` to before ``end``."""
    return [
        KindRow(
            currency=row["currency"],
            kind=row["kind"],
            accounts=row["accounts"],
            opening=int(row["opening"]),
            debits=int(row["debits"]),
            credits=int(row["credits"]),
        )
        for row in await connection.fetch(_BY_KIND, start, end, currency)
    ]


_BY_ACCOUNT: Final = """
SELECT a.id, a.kind, a.currency, a.opened_at, e.entries, e.opening, e.debits, e.credits
FROM (
    SELECT id, kind, currency, opened_at FROM ledger.accounts
    WHERE id < $4 AND ($3::text IS NULL OR currency = $3)
    ORDER BY id DESC LIMIT $5
) AS a
CROSS JOIN LATERAL (
    SELECT count(*) AS entries,
           coalesce(sum(posted_change) FILTER (WHERE effective < $1), 0)::bigint AS opening,
           coalesce(-sum(posted_change) FILTER (WHERE effective >= $1 AND posted_change < 0), 0)::bigint AS debits,
           coalesce(sum(posted_change) FILTER (WHERE effective >= $1 AND posted_change > 0), 0)::bigint AS credits
    FROM (
        SELECT posted_change, coalesce(effective_at, recorded_at) AS effective
        FROM ledger.entries WHERE account_id = a.id AND posted_change <> 0
    ) AS entries
    WHERE effective < $2
) AS e
ORDER BY a.id DESC
"""


async def by_account(
    connection: Connection, start: datetime, end: datetime, currency: str | None, before: UUID, limit: int
) -> list[AccountRow]:
    """Sum up the next ``limit`` accounts below the id ``before``, those without entries too, the newest first."""
    rows = await connection.fetch(_BY_ACCOUNT, start, end, currency, before, limit)
    return [AccountRow(**row) for row in rows]
