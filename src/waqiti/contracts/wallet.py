"""wallet-service: the facts of a wallet that never change, and freezing all that a customer has."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts import prefixes
from waqiti.contracts.caller import Caller
from waqiti.contracts.reviews import Verdict, VerdictTaken
from waqiti.foundation.ids import encode


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


class FreezeCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer whose wallets are to be frozen, ``all`` in scope, those to come as well.

    ``reason`` names cases and customers by their ids only; the first one stays. ``after`` is the ``next_after`` of the
    answer before.
    """

    customer_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[ -~]+$")]
    after: UUID | None = None


class FrozenWallets(msgspec.Struct, frozen=True, kw_only=True):
    """``frozen`` wallets of a page are frozen or closed now, ``failed`` ones must be asked for again.

    ``next_after`` is None where there are no more wallets.
    """

    frozen: int
    failed: int
    next_after: UUID | None


def sanctions_reason(customer_id: UUID) -> str:
    """Return why all wallets of a customer who is on a list are frozen."""
    return f"sanctions {encode(prefixes.CUSTOMER, customer_id)}"


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

    async def freeze_customer(self, asked: FreezeCustomer, *, timeout_seconds: float = 10.0) -> FrozenWallets:
        """Freeze a page of a customer's wallets; twice is no error. What is opened from now on opens frozen."""
        return await self._caller.call(
            "POST", "/internal/customers/freeze", asked, FrozenWallets, timeout_seconds=timeout_seconds
        )

    async def reviewed(self, verdict: Verdict, *, timeout_seconds: float = 5.0) -> VerdictTaken:
        """Act on a verdict about a withdrawal, as payment-service does about a payment; twice is no error."""
        return await self._caller.call(
            "POST", "/internal/withdrawals/reviewed", verdict, VerdictTaken, timeout_seconds=timeout_seconds
        )
