"""What the ledger knows of a wallet's past: balances as of an instant, entries, statements."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.ledger import AccountIds, EntriesQuery, Entry, LedgerClient
from waqiti.contracts.public.wallets import Balance, BalanceAt, Statement, StatementLine, WalletEntry
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import encode
from waqiti.services.wallet.domain.statements import MAX_LINES, booked, period
from waqiti.services.wallet.domain.wallets import WalletRow
from waqiti.services.wallet.usecases.wallets import Wallets

_LEDGER_PAGE: Final = 1_000
_MAX_PAGES: Final = 100


class EntriesPage(msgspec.Struct, frozen=True):
    """Entries, newest first, and the version below which the next page begins; None on the last."""

    entries: list[WalletEntry]
    next_before: tuple[datetime, int] | None


class History:
    """Reads the past from the ledger."""

    def __init__(self, wallets: Wallets, ledger: LedgerClient) -> None:
        self._wallets = wallets
        self._ledger = ledger

    async def balance_at(
        self, wallet_id: UUID, *, as_of: datetime | None = None, recorded_as_of: datetime | None = None
    ) -> BalanceAt:
        """Read a balance as of an instant of effective time, or of recorded time, which also gives what was held.

        Raises:
            Problem: 404 where there is no such wallet, 422 where both times are given.
        """
        if as_of is not None and recorded_as_of is not None:
            raise Problem.invalid("Give as_of or recorded_as_of, not both.", pointer="?recorded_as_of")
        at = as_of or recorded_as_of
        assert at is not None
        await self._wallets.row(wallet_id)
        query = AccountIds([wallet_id], as_of=as_of, recorded_as_of=recorded_as_of)
        found = (await self._ledger.balances(query))[0]
        available = None if found.held is None else found.posted - found.held
        return BalanceAt(
            posted=found.posted, held=found.held, available=available, as_of=at, provisional=found.provisional
        )

    async def entries(self, wallet_id: UUID, limit: int, before_version: int | None) -> EntriesPage:
        """List entries, newest first.

        Raises:
            Problem: 404 where there is no such wallet.
        """
        await self._wallets.row(wallet_id)
        query = EntriesQuery(account_id=wallet_id, limit=limit + 1, before_version=before_version)
        found = await self._ledger.entries(query)
        page = found[:limit]
        more = len(found) > limit
        following = (page[-1].recorded_at, page[-1].version) if more else None
        return EntriesPage([_entry_view(entry) for entry in page], following)

    async def statement(self, wallet_id: UUID, start: str | None, end: str | None) -> Statement:
        """Write a statement of a period.

        Raises:
            Problem: 404 where there is no such wallet; 422 where the period cannot be read or has too many bookings.
        """
        row = await self._wallets.row(wallet_id)
        bounds = period(start, end, since=row.created_at, now=utc_now())
        lines = await self._booked(row, bounds.start, bounds.end)
        if lines:
            opening = lines[0].posted - lines[0].amount
        else:
            query = AccountIds([wallet_id], recorded_as_of=min(bounds.start, utc_now()))
            opening = (await self._ledger.balances(query))[0].posted
        return Statement(
            wallet_id=encode(prefixes.WALLET, row.id),
            currency=row.currency,
            from_=bounds.start,
            to=bounds.end,
            opening_balance=opening,
            closing_balance=lines[-1].posted if lines else opening,
            lines=[_line(entry) for entry in lines],
        )

    async def _booked(self, row: WalletRow, start: datetime, end: datetime) -> list[Entry]:
        """Read the bookings of a period, oldest first."""
        lines: list[Entry] = []
        before: int | None = None
        for _ in range(_MAX_PAGES):
            query = EntriesQuery(
                account_id=row.id, limit=_LEDGER_PAGE, before_version=before, recorded_from=start, recorded_to=end
            )
            page = await self._ledger.entries(query)
            lines += booked(page)
            if len(lines) > MAX_LINES:
                break
            if len(page) < _LEDGER_PAGE:
                return lines[::-1]
            before = page[-1].version
        raise Problem.invalid(f"The period has over {MAX_LINES} bookings; ask for a shorter one.", pointer="?from")


def _entry_view(entry: Entry) -> WalletEntry:
    return WalletEntry(
        id=encode(prefixes.ENTRY, entry.transfer_id),
        kind=entry.kind,
        purpose=entry.purpose,
        amount=entry.amount,
        held_change=entry.held_change,
        balance=Balance(entry.posted, entry.held, entry.posted - entry.held),
        recorded_at=entry.recorded_at,
        effective_at=entry.effective_at,
    )


def _line(entry: Entry) -> StatementLine:
    return StatementLine(
        id=encode(prefixes.ENTRY, entry.transfer_id),
        recorded_at=entry.recorded_at,
        effective_at=entry.effective_at,
        kind=entry.kind,
        purpose=entry.purpose,
        amount=entry.amount,
        balance=entry.posted,
    )
