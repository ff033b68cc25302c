"""The books, as operators audit them."""

import datetime as dt

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, instant, part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.ledger import AccountBalance, JournalEntry, PeriodClose, Safeguarding, TrialBalance


class Ledger(Resource[Mode]):
    """Trial balances, closed periods, manual entries and safeguarding (operators only)."""

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

    @operation
    async def propose(
        self,
        *,
        debit: str,
        credit: str,
        amount: int,
        currency: str,
        reason: str,
        effective_at: dt.datetime | None = None,
        idempotency_key: str | None = None,
    ) -> JournalEntry:
        """Propose a manual entry from ``debit`` to ``credit``: ids of wallets, or fees, rail, suspense, liquidity.

        Nothing moves until another operator approves it. ``effective_at`` is when it counts from, by default then.

        Raises:
            NotFound: there is no such account.
            Conflict: ``effective_at`` lies in a closed period.
        """
        fields = body(
            debit=debit,
            credit=credit,
            amount=amount,
            currency=currency,
            reason=reason,
            effective_at=instant(effective_at),
        )
        return await self._transport.post("/v1/ledger/journal", fields, JournalEntry, idempotency_key)

    @operation
    async def journal(
        self, *, status: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[JournalEntry]:
        """List manual entries, newest first; ``status`` is proposed, posted, refused or declined."""
        path = query("/v1/ledger/journal", status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[JournalEntry])

    @operation
    async def journal_entry(self, entry_id: str) -> JournalEntry:
        """Read a manual entry."""
        return await self._transport.get(f"/v1/ledger/journal/{part(entry_id)}", JournalEntry)

    @operation
    async def decide(
        self, entry_id: str, *, outcome: str, reason: str, idempotency_key: str | None = None
    ) -> JournalEntry:
        """Approve a manual entry, which is posted or refused at once, or decline it.

        Raises:
            Forbidden: this key proposed it, and so cannot approve it.
            Conflict: it was decided before.
        """
        path, fields = f"/v1/ledger/journal/{part(entry_id)}/decision", body(outcome=outcome, reason=reason)
        return await self._transport.post(path, fields, JournalEntry, idempotency_key)

    @operation
    async def reverse(
        self,
        entry_id: str,
        *,
        reason: str,
        effective_at: dt.datetime | None = None,
        idempotency_key: str | None = None,
    ) -> JournalEntry:
        """Propose what takes a posted entry back, for another operator to approve.

        Raises:
            Conflict: it is not posted, or is reversed already.
        """
        path = f"/v1/ledger/journal/{part(entry_id)}/reversal"
        fields = body(reason=reason, effective_at=instant(effective_at))
        return await self._transport.post(path, fields, JournalEntry, idempotency_key)

    @operation
    async def safeguarding(self, *, as_of: dt.datetime | None = None) -> Safeguarding:
        """Check that what customers are owed lies at the rails, now or as of an instant of effective time."""
        return await self._transport.get(query("/v1/ledger/safeguarding", as_of=instant(as_of)), Safeguarding)
