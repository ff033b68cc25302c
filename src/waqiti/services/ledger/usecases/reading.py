"""Reading accounts, balances at an instant, and entries."""

from datetime import timedelta
from typing import Final

from waqiti.contracts.ledger import Account, AccountIds, BalanceAsOf, EntriesQuery, Entry
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.services.ledger.domain.checks import MAX_ACCOUNTS, check_entries_query, check_instant
from waqiti.services.ledger.domain.shown import shown_account, shown_balance, shown_entry
from waqiti.services.ledger.store import accounts, entries

PROVISIONAL: Final = timedelta(seconds=1)
_INSTANT: Final = timedelta(microseconds=1)


async def read_accounts(database: Database, query: AccountIds) -> list[Account]:
    """Read accounts as they stand, in the order asked; unknown ones are left out."""
    _check_ids(query)
    async with database.connection() as connection:
        found = await accounts.read(connection, query.ids)
    return [shown_account(found[id_]) for id_ in query.ids if id_ in found]


async def read_balances(database: Database, query: AccountIds) -> list[BalanceAsOf]:
    """Read balances as of an instant of effective or recorded time.

    Raises:
        Problem: 422 where it names no instant, or both.
    """
    _check_ids(query)
    instant = query.as_of or query.recorded_as_of
    if instant is None or (query.as_of and query.recorded_as_of):
        raise Problem.invalid("Name one of as_of and recorded_as_of.", pointer="/as_of")
    check_instant(instant, "/as_of" if query.as_of else "/recorded_as_of")
    provisional = instant > utc_now() - PROVISIONAL
    async with database.connection() as connection:
        rows = await entries.balances_at(connection, query.ids, instant)
    return [shown_balance(row, effective=query.as_of is not None, provisional=provisional) for row in rows]


async def read_entries(database: Database, query: EntriesQuery) -> list[Entry]:
    """Read entries of one account, newest first; times bound ``recorded_at``, the later one exclusively.

    Raises:
        Problem: 404 where there is no such account.
    """
    check_entries_query(query)
    async with database.connection() as connection:
        account = (await accounts.read(connection, [query.account_id])).get(query.account_id)
        if account is None:
            raise Problem.not_found(f"There is no account {query.account_id}.")
        first, last = await _versions(connection, query, account.version)
        rows = await entries.page(
            connection, query.account_id, first_version=first, last_version=last, limit=query.limit
        )
    return [shown_entry(row, query.account_id, account.kind) for row in rows]


async def _versions(connection: Connection, query: EntriesQuery, newest: int) -> tuple[int, int]:
    """Turn the bounds of a query into versions, both inclusive."""
    first, last = 1, newest
    if query.recorded_from is not None:
        first = 1 + await entries.version_at(connection, query.account_id, query.recorded_from - _INSTANT)
    if query.recorded_to is not None:
        last = await entries.version_at(connection, query.account_id, query.recorded_to - _INSTANT)
    if query.before_version is not None:
        last = min(last, query.before_version - 1)
    return first, last


def _check_ids(query: AccountIds) -> None:
    if not 1 <= len(query.ids) <= MAX_ACCOUNTS:
        raise Problem.invalid(f"1 to {MAX_ACCOUNTS} accounts are read at once.", pointer="/ids")
