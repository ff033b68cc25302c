"""Opening accounts, and their flags."""

from collections.abc import Sequence
from uuid import UUID

from waqiti.contracts.ledger import Account, OpenAccount, SetFlags
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.services.ledger.domain.books import Frozen, LedgerAccount
from waqiti.services.ledger.domain.checks import check_accounts, check_reason
from waqiti.services.ledger.domain.shown import shown_account
from waqiti.services.ledger.store import accounts as store


async def open_accounts(database: Database, accounts: Sequence[OpenAccount]) -> list[Account]:
    """Open accounts, or find them as they are.

    Raises:
        Problem: 409 ``conflict`` where one is there with another kind, currency or minimum; then none is opened.
    """
    check_accounts(accounts)
    async with database.transaction() as connection:
        await store.open_accounts(connection, accounts)
        found = await store.read(connection, [account.id for account in accounts])
        for asked in accounts:
            _check_same(asked, found[asked.id])
    return [shown_account(found[asked.id]) for asked in accounts]


async def set_flags(database: Database, account_id: UUID, flags: SetFlags, *, service: str) -> Account:
    """Freeze, unfreeze or close an account under its lock; it is committed when this returns.

    A freeze never loosens one that is there. Closing a closed account is no error.

    Raises:
        Problem: 404 where there is no such account; 409 ``conflict`` where one to close holds or expects money.
    """
    check_reason(flags.reason)
    async with database.transaction() as connection:
        account = (await store.lock(connection, [account_id])).accounts.get(account_id)
        if account is None:
            raise Problem.not_found(f"There is no account {account_id}.")
        if flags.action == "close":
            _check_empty(account)
        frozen, closed = _flags_after(account, flags)
        await store.set_flags(connection, account_id, frozen, closed=closed)
        await store.record_flags(connection, account_id, flags, service)
        changed = (await store.read(connection, [account_id]))[account_id]
    return shown_account(changed)


def _check_same(asked: OpenAccount, found: LedgerAccount) -> None:
    if (asked.kind, asked.currency, asked.minimum) != (found.kind, found.currency, found.minimum):
        raise Problem.conflict(f"Account {asked.id} is there with another kind, currency or minimum.")


def _check_empty(account: LedgerAccount) -> None:
    if account.posted_credits != account.posted_debits or account.pending_debits or account.pending_credits:
        raise Problem.conflict("An account that holds or expects money cannot be closed.")


def _flags_after(account: LedgerAccount, flags: SetFlags) -> tuple[Frozen, bool]:
    match flags.action:
        case "freeze":
            return "all" if account.frozen == "all" else flags.scope, account.closed
        case "unfreeze":
            return "none", account.closed
        case "close":
            return account.frozen, True
