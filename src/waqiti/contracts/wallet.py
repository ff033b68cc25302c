"""wallet-service: the facts of a wallet that never change."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from waqiti.contracts.caller import Caller


class WalletFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What never changes about a wallet; the ledger account exists."""

    id: UUID
    customer_id: UUID
    currency: str
    account_id: UUID


class WalletIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: list[UUID]


class WalletFactsList(msgspec.Struct, frozen=True):
    wallets: list[WalletFacts]


class WalletClient:
    """Typed calls of wallet-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def facts(self, ids: Sequence[UUID], *, timeout_seconds: float = 2.0) -> list[WalletFacts]:
        """Read the facts of wallets; unknown ones, and ones whose account is not open yet, are left out."""
        reply = await self._caller.call(
            "POST", "/internal/wallets/facts", WalletIds(list(ids)), WalletFactsList, timeout_seconds=timeout_seconds
        )
        return reply.wallets
