"""What the ledger knows about transfers: their outcomes, their holds, and what they did to balances."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection


class TransferFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A stored outcome; ``amount`` in minor units, 0 moved where it was refused by ``code``."""

    id: UUID
    kind: str
    purpose: str
    outcome: str
    code: str | None
    debit: UUID
    credit: UUID
    amount: int
    currency: str
    recorded_at: datetime


class HoldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Money set apart; ``resolved_by`` is the transfer that took or released it, None while it is held."""

    id: UUID
    amount: int
    expires_at: datetime | None
    resolved_by: UUID | None


class EntryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a transfer changed of an account, a credit positive, and what stood there after it."""

    transfer_id: UUID
    account_id: UUID
    account_kind: str
    version: int
    posted_change: int
    held_change: int
    posted: int
    held: int
    recorded_at: datetime


class LedgerFacts(msgspec.Struct, frozen=True):
    """Transfers and entries in the order of time."""

    transfers: list[TransferFacts]
    holds: list[HoldFacts]
    entries: list[EntryFacts]

    def in_order_of(self, account: UUID) -> "LedgerFacts":
        """Set what was recorded at one instant in the order in which it changed ``account``."""
        place = {entry.transfer_id: entry.version for entry in self.entries if entry.account_id == account}
        return LedgerFacts(
            sorted(self.transfers, key=lambda one: (one.recorded_at, place.get(one.id, 0))),
            self.holds,
            sorted(self.entries, key=lambda one: (one.recorded_at, place.get(one.transfer_id, 0))),
        )


async def ledger_facts(connection: Connection, ids: Sequence[UUID]) -> LedgerFacts:
    """Read what is stored under ``ids``, and by which transfers their holds were resolved."""
    holds = await _holds(connection, ids)
    resolvers = [hold.resolved_by for hold in holds if hold.resolved_by is not None]
    every = sorted({*ids, *resolvers})
    return LedgerFacts(await _transfers(connection, every), holds, await _entries(connection, every))


_HOLDS: Final = "SELECT id, amount, expires_at, resolved_by FROM ledger.holds WHERE id = ANY ($1::uuid[])"


async def _holds(connection: Connection, ids: Sequence[UUID]) -> list[HoldFacts]:
    return [HoldFacts(**dict(row)) for row in await connection.fetch(_HOLDS, ids)]


_TRANSFERS: Final = """
SELECT id, kind, purpose, outcome, code, debit, credit, amount, currency, recorded_at
FROM ledger.find_transfers($1)
ORDER BY recorded_at, id
"""


async def _transfers(connection: Connection, ids: Sequence[UUID]) -> list[TransferFacts]:
    return [TransferFacts(**dict(row)) for row in await connection.fetch(_TRANSFERS, ids)]


# No index knows a transfer: an entry is found among those of its account that were recorded at the same instant.
_ENTRIES: Final = """
SELECT e.transfer_id, e.account_id, a.kind AS account_kind, e.version, e.posted_change,
       CASE WHEN e.account_id = t.debit THEN -e.pending_change ELSE 0 END AS held_change,
       e.posted, e.pending_debits AS held, e.recorded_at
FROM ledger.find_transfers($1) t
CROSS JOIN LATERAL unnest(ARRAY[t.debit, t.credit]) AS side (account)
CROSS JOIN LATERAL (
    SELECT ledger.version_at(side.account, t.recorded_at - interval '1 microsecond') AS before,
           ledger.version_at(side.account, t.recorded_at) AS last
    OFFSET 0
) AS span
JOIN ledger.entries e
    ON e.account_id = side.account AND e.version > span.before AND e.version <= span.last AND e.transfer_id = t.id
JOIN ledger.accounts a ON a.id = side.account
WHERE t.outcome <> 'refused'
ORDER BY e.recorded_at, e.transfer_id, e.account_id <> t.debit
"""


async def _entries(connection: Connection, ids: Sequence[UUID]) -> list[EntryFacts]:
    return [EntryFacts(**dict(row)) for row in await connection.fetch(_ENTRIES, ids)]
