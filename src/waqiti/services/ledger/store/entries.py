"""Reading entries, and balances at an instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.shown import BalanceRow, EntryRow

_PAGE: Final = """
SELECT transfer_id, version, posted_change, pending_change, posted, pending_debits, pending_credits, recorded_at,
       effective_at, kind, purpose, debit
FROM ledger.account_entries($1, $2, $3, $4)
"""


async def page(
    connection: Connection, account: UUID, *, first_version: int, last_version: int, limit: int
) -> list[EntryRow]:
    """Return entries of an account from ``last_version`` down to ``first_version``, at most ``limit``."""
    return [EntryRow(**row) for row in await connection.fetch(_PAGE, account, first_version, last_version, limit)]


_VERSION_AT: Final = "SELECT ledger.version_at($1, $2)"


async def version_at(connection: Connection, account: UUID, instant: datetime) -> int:
    """Return the newest version recorded at or before ``instant``; 0 where there is none."""
    version: int = await connection.fetchval(_VERSION_AT, account, instant)
    return version


_BALANCES_AT: Final = """
SELECT id, kind, posted, pending_debits, pending_credits, backdated FROM ledger.balances_at($1, $2)
"""


async def balances_at(connection: Connection, ids: Sequence[UUID], instant: datetime) -> list[BalanceRow]:
    """Return accounts as they stood at ``instant``; unknown ones are left out."""
    return [BalanceRow(**row) for row in await connection.fetch(_BALANCES_AT, ids, instant)]
