"""Wallets."""

from datetime import date, datetime

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import instant, part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.wallets import Balance, BalanceAt, Statement, Wallet, WalletEntry


class Wallets(Resource[Mode]):
    """Wallets, their balances and entries."""

    @operation
    async def create(self, *, customer_id: str, currency: str, idempotency_key: str | None = None) -> Wallet:
        """Open a wallet."""
        fields = {"customer_id": customer_id, "currency": currency}
        return await self._transport.post("/v1/wallets", fields, Wallet, idempotency_key)

    @operation
    async def get(self, wallet_id: str) -> Wallet:
        """Read a wallet with its present balance."""
        return await self._transport.get(f"/v1/wallets/{part(wallet_id)}", Wallet)

    @operation
    async def list(self, *, customer_id: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Wallet]:
        """List wallets, newest first."""
        path = query("/v1/wallets", customer_id=customer_id, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Wallet])

    @operation
    async def balance(
        self, wallet_id: str, *, as_of: datetime | None = None, recorded_as_of: datetime | None = None
    ) -> Balance | BalanceAt:
        """Read a balance: now, as of an instant of effective time, or of recorded time, which also gives what was held.

        Raises:
            InvalidRequest: both times are given.
        """
        path = f"/v1/wallets/{part(wallet_id)}/balance"
        if as_of is None and recorded_as_of is None:
            return await self._transport.get(path, Balance)
        path = query(path, as_of=instant(as_of), recorded_as_of=instant(recorded_as_of))
        return await self._transport.get(path, BalanceAt)

    @operation
    async def statement(self, wallet_id: str, *, from_: date | None = None, to: date | None = None) -> Statement:
        """Read what was booked from ``from_`` to before ``to``, each a time, or a day in UTC (``to``: its last).

        It begins with the wallet and ends now where nothing is said; at most 10,000 bookings.
        """
        return await self._transport.get(_statement_path(wallet_id, from_, to), Statement)

    @operation
    async def statement_csv(self, wallet_id: str, *, from_: date | None = None, to: date | None = None) -> str:
        """Read a statement as CSV (RFC 4180) with a header; amounts in minor units."""
        return await self._transport.get_text(_statement_path(wallet_id, from_, to, format="csv"))

    @operation
    async def entries(self, wallet_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[WalletEntry]:
        """List entries, newest first."""
        path = query(f"/v1/wallets/{part(wallet_id)}/entries", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[WalletEntry])

    @operation
    async def freeze(
        self, wallet_id: str, *, reason: str, scope: str = "debits", idempotency_key: str | None = None
    ) -> Wallet:
        """Freeze debits, or all; nothing posts after this returns."""
        fields = {"reason": reason, "scope": scope}
        return await self._transport.post(f"/v1/wallets/{part(wallet_id)}/freeze", fields, Wallet, idempotency_key)

    @operation
    async def unfreeze(self, wallet_id: str, *, reason: str, idempotency_key: str | None = None) -> Wallet:
        """Undo a freeze."""
        return await self._transport.post(
            f"/v1/wallets/{part(wallet_id)}/unfreeze", {"reason": reason}, Wallet, idempotency_key
        )

    @operation
    async def close(self, wallet_id: str, *, reason: str, idempotency_key: str | None = None) -> Wallet:
        """Close a wallet without balance, holds or anything open."""
        return await self._transport.post(
            f"/v1/wallets/{part(wallet_id)}/close", {"reason": reason}, Wallet, idempotency_key
        )


def _statement_path(wallet_id: str, from_: date | None, to: date | None, **more: str) -> str:
    path = f"/v1/wallets/{part(wallet_id)}/statement"
    return query(path, **{"from": instant(from_)}, to=instant(to), **more)
