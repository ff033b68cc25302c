"""Opening, reading and listing wallets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.ledger import Account, LedgerClient
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.idempotency import RequestKey, finish
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import WalletRow, freeze_of
from waqiti.services.wallet.usecases.accounts import Accounts
from waqiti.services.wallet.usecases.answers import Answer, answer_once, encode
from waqiti.services.wallet.usecases.views import wallet_view

RECONCILE_AFTER: Final = timedelta(seconds=3)
RECONCILE_BATCH: Final = 100
RETRY_AFTER: Final = timedelta(minutes=1)

_log = logger(__name__)


class WalletState(msgspec.Struct, frozen=True):
    """A wallet with its account as the ledger has it now."""

    row: WalletRow
    account: Account


class Wallets:
    """What is done with wallets as such."""

    def __init__(
        self, database: Database, ledger: LedgerClient, compliance: ComplianceClient, accounts: Accounts
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._accounts = accounts
        self._compliance = compliance

    async def open(self, request: RequestKey, request_id: str, customer_id: UUID, currency: str) -> Answer:
        """Open a wallet; answered once its ledger account exists, frozen where all that the customer has is.

        Raises:
            Problem: 404 where there is no such customer.
        """

        async def work(wallet_id: UUID) -> Answer:
            customers = await self._compliance.customers([customer_id])
            if not customers:
                raise Problem.not_found("There is no customer with this id.")
            freeze = freeze_of(customers[0])
            async with self._database.transaction() as connection:
                if freeze is not None:
                    await store.freezes.insert(connection, freeze)
                await store.wallets.insert(connection, wallet_id, customer_id, currency, utc_now())
            account = await self._accounts.open(wallet_id, customer_id, currency)
            async with self._database.transaction() as connection:
                row = await store.wallets.mark_opened(connection, wallet_id, utc_now())
                stored = await finish(connection, request, 201, encode(wallet_view(row, account)))
            return Answer(stored.status, stored.body)

        return await answer_once(self._database, request, request_id, work)

    async def read(self, wallet_id: UUID) -> WalletState:
        """Read a wallet with its account.

        Raises:
            Problem: 404 where there is none.
        """
        row = await self.row(wallet_id)
        return WalletState(row, await self.account(row))

    async def row(self, wallet_id: UUID) -> WalletRow:
        """Read what is stored of a wallet.

        Raises:
            Problem: 404 where there is none.
        """
        async with self._database.connection() as connection:
            found = await store.wallets.find(connection, [wallet_id])
        if not found:
            raise Problem.not_found("There is no wallet with this id.")
        return found[0]

    async def account(self, row: WalletRow) -> Account:
        """Read a wallet's account from the ledger."""
        accounts = await self._ledger.accounts([row.id])
        assert accounts, f"the ledger does not know the opened account {row.id}"
        return accounts[0]

    async def facts(self, ids: Sequence[UUID]) -> list[WalletRow]:
        """Read what is stored of wallets whose account is open."""
        async with self._database.connection() as connection:
            return await store.wallets.find(connection, ids)

    async def newest(
        self, limit: int, customer_id: UUID | None, before: tuple[datetime, UUID] | None
    ) -> list[WalletState]:
        """List wallets with their accounts, newest first."""
        async with self._database.connection() as connection:
            rows = await store.wallets.newest(connection, limit, customer_id, before)
        if not rows:
            return []
        accounts = {account.id: account for account in await self._ledger.accounts([row.id for row in rows])}
        return [WalletState(row, accounts[row.id]) for row in rows]

    async def finish_halves(self) -> int:
        """Open the accounts of wallets whose opening was cut off; return how many were finished.

        One that cannot be finished is left alone for a minute, and the others go on; where the ledger or the database
        is away, all of them wait.

        Raises:
            DependencyUnavailable, NoAnswer: the ledger or the database is away.
        """
        async with self._database.connection() as connection:
            halves = await store.wallets.unopened(connection, utc_now() - RECONCILE_AFTER, RECONCILE_BATCH)
        finished = 0
        for half in halves:
            finished += await self._try_to_finish(half)
        return finished

    async def _try_to_finish(self, half: WalletRow) -> bool:
        try:
            await self._accounts.open(half.id, half.customer_id, half.currency)
            async with self._database.transaction() as connection:
                await store.wallets.mark_opened(connection, half.id, utc_now())
        except (DependencyUnavailable, NoAnswer):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this one, the others must go on
            _log.error("wallet_not_reconciled", wallet=str(half.id), kind=type(error).__name__, exc_info=error)
            async with self._database.transaction() as connection:
                await store.wallets.postpone(connection, half.id, RETRY_AFTER)
            return False
        _log.info("wallet_reconciled", wallet=str(half.id))
        return True
