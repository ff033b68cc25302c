"""Holds and refunds: what a later transfer may still take from an earlier one."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from asyncpg import Record

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.books import Hold, RefundTotal

_FIND: Final = """
SELECT id, debit, credit, amount, currency, purpose, expires_at, resolved_by FROM ledger.find_holds($1)
"""


async def find(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Hold]:
    """Return those that are holds; the locks of their accounts cover them."""
    rows = [_hold(row) for row in await connection.fetch(_FIND, ids)]
    return {row.id: row for row in rows}


_EXPIRED: Final = """
SELECT id, debit, credit, amount, currency, purpose, expires_at, resolved_by FROM ledger.holds
WHERE resolved_by IS NULL AND expires_at <= statement_timestamp()
ORDER BY expires_at LIMIT $1
"""


async def expired(connection: Connection, limit: int) -> list[Hold]:
    """Return open holds whose time has run out, the longest overdue first."""
    return [_hold(row) for row in await connection.fetch(_EXPIRED, limit)]


_INSERT: Final = """
INSERT INTO ledger.holds (id, debit, credit, amount, currency, purpose, expires_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[]
) AS n
"""


async def insert(connection: Connection, holds: Sequence[Hold]) -> None:
    """Keep new holds."""
    await connection.execute(
        _INSERT,
        [hold.id for hold in holds],
        [hold.debit for hold in holds],
        [hold.credit for hold in holds],
        [hold.amount for hold in holds],
        [hold.currency for hold in holds],
        [hold.purpose for hold in holds],
        [hold.expires_at for hold in holds],
    )


_RESOLVE: Final = "SELECT ledger.resolve_holds($1, $2)"


async def resolve(connection: Connection, resolved: Mapping[UUID, UUID]) -> None:
    """Mark holds with the transfers that resolved them."""
    count = await connection.fetchval(_RESOLVE, list(resolved), list(resolved.values()))
    assert count == len(resolved)


_REFUNDED: Final = "SELECT target, refunded FROM ledger.find_refund_totals($1)"


async def refunded(connection: Connection, targets: Collection[UUID]) -> dict[UUID, int]:
    """Return how much of each transfer was given back; those without refunds are left out."""
    return {row["target"]: row["refunded"] for row in await connection.fetch(_REFUNDED, targets)}


_SET_REFUNDED: Final = """
INSERT INTO ledger.refund_totals (target, moved, refunded)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n
ON CONFLICT (target) DO UPDATE SET refunded = excluded.refunded
"""


async def set_refunded(connection: Connection, totals: Sequence[RefundTotal]) -> None:
    """Write how much was given back by now."""
    await connection.execute(
        _SET_REFUNDED,
        [total.target for total in totals],
        [total.moved for total in totals],
        [total.refunded for total in totals],
    )


def _hold(row: Record) -> Hold:
    return Hold(
        id=row["id"],
        debit=row["debit"],
        credit=row["credit"],
        amount=row["amount"],
        currency=row["currency"],
        purpose=row["purpose"],
        expires_at=row["expires_at"],
        resolved_by=row["resolved_by"],
    )
