"""Accounts: opening, locking, reading, writing back, flags."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from asyncpg import Record

from waqiti.contracts.ledger import OpenAccount, SetFlags
from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.books import Frozen, LedgerAccount
from waqiti.services.ledger.domain.working import WorkingAccount

_OPEN: Final = """
INSERT INTO ledger.accounts (id, kind, currency, minimum)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS n (id, kind, currency, minimum)
ORDER BY n.id
ON CONFLICT (id) DO NOTHING
"""


async def open_accounts(connection: Connection, accounts: Sequence[OpenAccount]) -> None:
    """Insert those that are not there yet."""
    await connection.execute(
        _OPEN,
        [account.id for account in accounts],
        [account.kind for account in accounts],
        [account.currency for account in accounts],
        [account.minimum for account in accounts],
    )


_READ: Final = """
SELECT id, kind, currency, minimum, posted_debits, posted_credits, pending_debits, pending_credits, version, last_at,
       frozen, closed
FROM ledger.accounts WHERE id = ANY ($1::uuid[])
"""


async def read(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, LedgerAccount]:
    """Read accounts as they stand; unknown ones are left out."""
    rows = [_account(row) for row in await connection.fetch(_READ, ids)]
    return {row.id: row for row in rows}


class LockedAccounts(msgspec.Struct, frozen=True):
    """Accounts under their locks, and an instant after the locks; None where there were none to lock.

    ``closed_before`` is where the open period begins; None where none was ever closed.
    """

    accounts: dict[UUID, LedgerAccount]
    now: datetime | None
    closed_before: datetime | None


_LOCK: Final = """
SELECT id, kind, currency, minimum, posted_debits, posted_credits, pending_debits, pending_credits, version, last_at,
       frozen, closed, now, closed_before
FROM ledger.lock_accounts($1)
"""


async def lock(connection: Connection, ids: Sequence[UUID]) -> LockedAccounts:
    """Lock accounts in id order until the transaction ends, and read them."""
    rows = await connection.fetch(_LOCK, ids)
    accounts = [_account(row) for row in rows]
    return LockedAccounts(
        {account.id: account for account in accounts},
        max((row["now"] for row in rows), default=None),
        rows[0]["closed_before"] if rows else None,
    )


_UPDATE: Final = "SELECT ledger.update_accounts($1, $2, $3, $4, $5, $6, $7)"


async def update(connection: Connection, accounts: Sequence[WorkingAccount], recorded_at: datetime) -> None:
    """Write back what locked accounts have become."""
    updated = await connection.fetchval(
        _UPDATE,
        [account.before.id for account in accounts],
        [account.posted_debits for account in accounts],
        [account.posted_credits for account in accounts],
        [account.pending_debits for account in accounts],
        [account.pending_credits for account in accounts],
        [account.version for account in accounts],
        recorded_at,
    )
    assert updated == len(accounts)


_SET_FLAGS: Final = "UPDATE ledger.accounts SET frozen = $2, closed = $3 WHERE id = $1"


async def set_flags(connection: Connection, account: UUID, frozen: Frozen, *, closed: bool) -> None:
    """Set the flags of a locked account."""
    await connection.execute(_SET_FLAGS, account, frozen, closed)


_RECORD_FLAGS: Final = """
INSERT INTO ledger.flag_changes (account_id, action, scope, service, actor, reason) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def record_flags(connection: Connection, account: UUID, flags: SetFlags, service: str) -> None:
    """Keep who changed the flags, through which service, and why."""
    await connection.execute(_RECORD_FLAGS, account, flags.action, flags.scope, service, flags.actor, flags.reason)


def _account(row: Record) -> LedgerAccount:
    return LedgerAccount(
        id=row["id"],
        kind=row["kind"],
        currency=row["currency"],
        minimum=row["minimum"],
        posted_debits=row["posted_debits"],
        posted_credits=row["posted_credits"],
        pending_debits=row["pending_debits"],
        pending_credits=row["pending_credits"],
        version=row["version"],
        last_at=row["last_at"],
        frozen=row["frozen"],
        closed=row["closed"],
    )
