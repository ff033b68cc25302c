"""Freeze, unfreeze and close: the ledger sets the flag under the account's lock, and keeps who wanted it and why."""

from typing import Literal
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import LedgerClient, SetFlags
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import RequestKey, finish
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.wallets import FlagAction, check_closable
from waqiti.services.wallet.usecases.answers import Answer, answer_once, encode
from waqiti.services.wallet.usecases.views import wallet_view
from waqiti.services.wallet.usecases.wallets import Wallets

Scope = Literal["debits", "all"]


class FlagRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a wallet: ``actor`` is the id of the key that asks; ``scope`` belongs to a freeze."""

    wallet_id: UUID
    action: FlagAction
    reason: str
    actor: str
    scope: Scope = "debits"


class Flags:
    """Sets flags; nothing posts against them once the call has returned."""

    def __init__(self, database: Database, ledger: LedgerClient, wallets: Wallets) -> None:
        self._database = database
        self._ledger = ledger
        self._wallets = wallets

    async def set(self, request: RequestKey, request_id: str, asked: FlagRequest) -> Answer:
        """Freeze, unfreeze or close.

        Raises:
            Problem: 404 where there is no such wallet, 409 where it cannot close or is closed.
        """

        async def work(_: UUID) -> Answer:
            row = await self._wallets.row(asked.wallet_id)
            if asked.action == "close":
                await self._check_closable(asked.wallet_id)
            flags = SetFlags(action=asked.action, scope=asked.scope, reason=asked.reason, actor=asked.actor)
            account = await self._ledger.set_flags(asked.wallet_id, flags)
            async with self._database.transaction() as connection:
                stored = await finish(connection, request, 200, encode(wallet_view(row, account)))
            return Answer(stored.status, stored.body)

        return await answer_once(self._database, request, request_id, work)

    async def _check_closable(self, wallet_id: UUID) -> None:
        state = await self._wallets.read(wallet_id)
        async with self._database.connection() as connection:
            open_movements = await store.movements.count_open(connection, wallet_id)
        check_closable(state.account, open_movements=open_movements)
