"""Freeze, unfreeze and close: the ledger sets the flag under the account's lock, and keeps who wanted it and why."""

from typing import Literal
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.ledger import Account, LedgerClient, SetFlags
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.idempotency import RequestKey, finish
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import FlagAction, WalletRow, check_closable, check_liftable
from waqiti.services.wallet.usecases.answers import Answer, answer_once, encode
from waqiti.services.wallet.usecases.views import wallet_view
from waqiti.services.wallet.usecases.wallets import Wallets

Scope = Literal["debits", "all"]


class FlagRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a wallet: ``actor`` is the id of the key that asks; ``scope`` belongs to a freeze.

    ``by_operator`` tells whether that key is an operator's.
    """

    wallet_id: UUID
    action: FlagAction
    reason: str
    actor: str
    scope: Scope = "debits"
    by_operator: bool = False


class Flags:
    """Sets flags; nothing posts against them once the call has returned."""

    def __init__(
        self, database: Database, ledger: LedgerClient, compliance: ComplianceClient, wallets: Wallets
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._compliance = compliance
        self._wallets = wallets

    async def set(self, request: RequestKey, request_id: str, asked: FlagRequest) -> Answer:
        """Freeze, unfreeze or close.

        Raises:
            Problem: 404 where there is no such wallet; 409 where one to close holds or expects money, or all that the
                customer of one to unfreeze has is frozen, and is to stay so.
        """

        async def work(_: UUID) -> Answer:
            row = await self._wallets.row(asked.wallet_id)
            if asked.action == "close":
                await self._check_closable(asked.wallet_id)
            if asked.action == "unfreeze":
                return await self._unfreeze(request, row, asked)
            account = await self._set_flag(asked)
            async with self._database.transaction() as connection:
                return await _finish(connection, request, row, account)

        return await answer_once(self._database, request, request_id, work)

    async def _unfreeze(self, request: RequestKey, row: WalletRow, asked: FlagRequest) -> Answer:
        """Unfreeze under a lock that keeps the customer from being frozen between the look and the ledger's answer.

        Where all that the customer had was frozen and they are cleared, what they open from now on opens unfrozen.
        """
        async with self._database.transaction() as connection:
            await store.freezes.lock(connection, row.customer_id)
            freeze = await store.freezes.find(connection, row.customer_id)
            if freeze is not None:
                customers = await self._compliance.customers([row.customer_id]) if asked.by_operator else []
                check_liftable(customers[0] if customers else None)
                await store.freezes.lift(connection, row.customer_id)
            return await _finish(connection, request, row, await self._set_flag(asked))

    async def _set_flag(self, asked: FlagRequest) -> Account:
        flags = SetFlags(action=asked.action, scope=asked.scope, reason=asked.reason, actor=asked.actor)
        return await self._ledger.set_flags(asked.wallet_id, flags)

    async def _check_closable(self, wallet_id: UUID) -> None:
        state = await self._wallets.read(wallet_id)
        async with self._database.connection() as connection:
            open_movements = await store.movements.count_open(connection, wallet_id)
        check_closable(state.account, open_movements=open_movements)


async def _finish(connection: Connection, request: RequestKey, row: WalletRow, account: Account) -> Answer:
    stored = await finish(connection, request, 200, encode(wallet_view(row, account)))
    return Answer(stored.status, stored.body)
