"""The books, as operators audit them."""

import datetime as dt

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.ledger import AccountBalance, PeriodClose, TrialBalance


class Ledger(Resource[Mode]):
    """Trial balances and closed periods (operators only)."""

    @operation
    async def trial_balance(self, date: dt.date, *, currency: str | None = None) -> TrialBalance:
        """Read what stood, came and went on a day (UTC), by currency and kind of account."""
        path = query("/v1/ledger/trial-balance", date=date.isoformat(), currency=currency)
        return await self._transport.get(path, TrialBalance)

    @operation
    async def trial_balance_accounts(
        self, date: dt.date, *, currency: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[AccountBalance]:
        """List the accounts of a day's trial balance, newest first; a page may have fewer than ``limit``."""
        path = query(
            "/v1/ledger/trial-balance/accounts", date=date.isoformat(), currency=currency, limit=limit, cursor=cursor
        )
        return await self._transport.get(path, Page[AccountBalance])

    @operation
    async def close(self, *, through: dt.date, reason: str, idempotency_key: str | None = None) -> PeriodClose:
        """Close the books up to the end of a day (UTC); the same day again gives its first close.

        Raises:
            Conflict: a later day is closed already.
        """
        fields = body(through=through.isoformat(), reason=reason)
        return await self._transport.post("/v1/ledger/closes", fields, PeriodClose, idempotency_key)

    @operation
    async def closes(self, *, limit: int = 20, cursor: str | None = None) -> Page[PeriodClose]:
        """List closed periods, newest first."""
        return await self._transport.get(query("/v1/ledger/closes", limit=limit, cursor=cursor), Page[PeriodClose])
