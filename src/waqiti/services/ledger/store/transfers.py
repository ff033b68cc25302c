"""Transfers and their entries, which are only ever inserted and read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.books import NewEntry, StoredTransfer

_FIND: Final = """
SELECT id, kind, purpose, debit, credit, amount, currency, target, outcome, code, expires_at, effective_at, recorded_at
FROM ledger.find_transfers($1)
"""


async def find(connection: Connection, ids: Collection[UUID]) -> dict[UUID, StoredTransfer]:
    """Return those that are stored."""
    rows = [_transfer(row) for row in await connection.fetch(_FIND, ids)]
    return {row.id: row for row in rows}


_INSERT: Final = """
INSERT INTO ledger.transfers (
    id, kind, purpose, debit, credit, amount, currency, target, outcome, code, expires_at, effective_at, recorded_at
)
SELECT n.*, $13::timestamptz
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::uuid[], $9::text[],
    $10::text[], $11::timestamptz[], $12::timestamptz[]
) AS n
"""


async def insert(connection: Connection, transfers: Sequence[StoredTransfer], recorded_at: datetime) -> None:
    """Store outcomes; a unique violation where one of the ids is known by now."""
    await connection.execute(
        _INSERT,
        [row.id for row in transfers],
        [row.kind for row in transfers],
        [row.purpose for row in transfers],
        [row.debit for row in transfers],
        [row.credit for row in transfers],
        [row.amount for row in transfers],
        [row.currency for row in transfers],
        [row.target for row in transfers],
        [row.outcome for row in transfers],
        [row.code for row in transfers],
        [row.expires_at for row in transfers],
        [row.effective_at for row in transfers],
        recorded_at,
    )


_INSERT_ENTRIES: Final = """
INSERT INTO ledger.entries (
    transfer_id, account_id, version, posted_change, pending_change, posted, pending_debits, pending_credits, currency,
    effective_at, recorded_at
)
SELECT n.*, $11::timestamptz
FROM unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::text[], $10::timestamptz[]
) AS n
"""


async def insert_entries(connection: Connection, entries: Sequence[NewEntry], recorded_at: datetime) -> None:
    """Insert all entries of a batch at once, so that the database can see that they balance."""
    await connection.execute(
        _INSERT_ENTRIES,
        [row.transfer_id for row in entries],
        [row.account_id for row in entries],
        [row.version for row in entries],
        [row.posted_change for row in entries],
        [row.pending_change for row in entries],
        [row.posted for row in entries],
        [row.pending_debits for row in entries],
        [row.pending_credits for row in entries],
        [row.currency for row in entries],
        [row.effective_at for row in entries],
        recorded_at,
    )


def _transfer(row: Record) -> StoredTransfer:
    return StoredTransfer(
        id=row["id"],
        kind=row["kind"],
        purpose=row["purpose"],
        debit=row["debit"],
        credit=row["credit"],
        amount=row["amount"],
        currency=row["currency"],
        target=row["target"],
        outcome=row["outcome"],
        code=row["code"],
        expires_at=row["expires_at"],
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
    )
