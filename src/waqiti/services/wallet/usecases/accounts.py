"""The ledger accounts of wallets: open, and frozen where the customer is."""

from uuid import UUID

from waqiti.contracts.ledger import Account, LedgerClient, OpenAccount, SetFlags, system_accounts
from waqiti.foundation.database import Database
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import CustomerFreeze


class Accounts:
    """What opens a wallet, finishes one or freezes a customer stands on; each call may be cut off and made again.

    Who opens stores the wallet first and looks for a freeze afterwards; who freezes stores that first and looks for
    wallets afterwards. So one of them always sees the other.
    """

    def __init__(self, database: Database, ledger: LedgerClient) -> None:
        self._database = database
        self._ledger = ledger

    async def open(self, wallet_id: UUID, customer_id: UUID, currency: str) -> Account:
        """Open the account of a stored wallet, or find it open; frozen where all that the customer has is."""
        own = OpenAccount(id=wallet_id, kind="wallet", currency=currency)
        accounts = await self._ledger.open_accounts([own, *system_accounts(currency)])
        account = next(account for account in accounts if account.id == wallet_id)
        async with self._database.connection() as connection:
            freeze = await store.freezes.find(connection, customer_id)
        return account if freeze is None else await self.freeze(account, freeze)

    async def freeze(self, account: Account, freeze: CustomerFreeze) -> Account:
        """Freeze an account wholly; one that is so, or closed, stays as it is."""
        if account.closed or account.frozen == "all":
            return account
        flags = SetFlags(action="freeze", scope="all", reason=freeze.reason, actor=freeze.actor)
        return await self._ledger.set_flags(account.id, flags)
