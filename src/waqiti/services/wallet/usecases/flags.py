"""Freeze, unfreeze and close: the ledger sets the flag under the account's lock, and keeps who wanted it and why."""

from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.ledger import Account, LedgerClient, SetFlags
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.idempotency import RequestKey, finish
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import (
    FlagAction,
    WalletFreeze,
    WalletRow,
    check_closable,
    check_liftable,
    check_same,
    frozen_with_its_customer,
    needs_clearing,
)
from waqiti.services.wallet.usecases.answers import Answer, answer_once, encode
from waqiti.services.wallet.usecases.views import wallet_view
from waqiti.services.wallet.usecases.wallets import Wallets

Scope = Literal["debits", "all"]

UNFREEZING: Final = timedelta(seconds=15)
"""Longer than the ledger can take to unfreeze what it was asked to: its caller waits 5 s for the answer."""


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
                customer of one to unfreeze has is frozen, and is to stay so; 403 where an operator is to unfreeze it.
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
        """Unfreeze, unless a freeze of the customer is asked for before the ledger has answered.

        No connection and no lock is held while others are asked. The mark keeps whoever freezes the customer meanwhile
        from being done; what the ledger unfroze all the same is frozen again, here or, where this is cut off, by them.
        """
        before = await self._look(row, asked)
        async with self._database.transaction() as connection:
            await store.freezes.lock(connection, row.customer_id)
            check_same(before, await store.freezes.of_wallet(connection, row.id))
            await store.freezes.begin_unfreezing(connection, row.id, UNFREEZING)
        account = await self._set_flag(asked)
        async with self._database.transaction() as connection:
            await store.freezes.lock(connection, row.customer_id)
            now = await store.freezes.of_wallet(connection, row.id)
            if now is None or (before is not None and before.asked_at == now.asked_at):
                await store.freezes.unfrozen(connection, row.id)
                return await _finish(connection, request, row, account)
        await self._set_flag(
            FlagRequest(wallet_id=row.id, action="freeze", reason=now.reason, actor=now.actor, scope="all")
        )
        raise frozen_with_its_customer()

    async def _look(self, row: WalletRow, asked: FlagRequest) -> WalletFreeze | None:
        """Return how the freeze of the customer stands for a wallet that may be unfrozen.

        Where all that the customer had was frozen and they are cleared, what they open from then on opens unfrozen.
        """
        async with self._database.connection() as connection:
            freeze = await store.freezes.of_wallet(connection, row.id)
        customers = []
        if asked.by_operator and needs_clearing(freeze):
            customers = await self._compliance.customers([row.customer_id])
        check_liftable(freeze, customers[0] if customers else None, by_operator=asked.by_operator)
        return freeze

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
