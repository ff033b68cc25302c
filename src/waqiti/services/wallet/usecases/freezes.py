"""Freezing all that a customer has."""

from typing import Final
from uuid import UUID

from waqiti.contracts.ledger import Account, LedgerClient
from waqiti.contracts.wallet import FrozenWallets
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import CustomerFreeze, WalletRow
from waqiti.services.wallet.usecases.accounts import Accounts

PAGE: Final = 50

_log = logger(__name__)


class Freezes:
    """Freezes customers: what they have, page by page, and what they will have."""

    def __init__(self, database: Database, ledger: LedgerClient, accounts: Accounts) -> None:
        self._database = database
        self._ledger = ledger
        self._accounts = accounts

    async def freeze(self, freeze: CustomerFreeze, after: UUID | None) -> FrozenWallets:
        """Keep the freeze, then freeze the next wallets by id; one that cannot be frozen stops no other.

        One that the ledger may still unfreeze, because it was asked to before, is to be asked for again.

        Raises:
            DependencyUnavailable, NoAnswer: the ledger or the database is away.
        """
        async with self._database.transaction() as connection:
            await store.freezes.lock(connection, freeze.customer_id)
            await store.freezes.insert(connection, freeze)
        async with self._database.connection() as connection:
            rows = await store.wallets.of_customer(connection, freeze.customer_id, after, PAGE)
            thawing = await store.freezes.unfreezing(connection, [row.id for row in rows])
        accounts = await self._ledger.accounts([row.id for row in rows]) if rows else []
        known = {account.id: account for account in accounts}
        frozen = [await self._try_to_freeze(row, known.get(row.id), freeze) for row in rows]
        done = [good and row.id not in thawing for row, good in zip(rows, frozen, strict=True)]
        return FrozenWallets(
            frozen=done.count(True),
            failed=done.count(False),
            next_after=rows[-1].id if len(rows) == PAGE else None,
        )

    async def _try_to_freeze(self, row: WalletRow, account: Account | None, freeze: CustomerFreeze) -> bool:
        """Freeze one wallet, which is opened first where its opening is still under way."""
        try:
            if account is None:
                await self._accounts.open(row.id, row.customer_id, row.currency)
            else:
                await self._accounts.freeze(account, freeze)
        except (DependencyUnavailable, NoAnswer):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this one, the others must be frozen
            _log.error("wallet_not_frozen", wallet=str(row.id), kind=type(error).__name__, exc_info=error)
            return False
        return True
