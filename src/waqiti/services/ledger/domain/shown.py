"""What others see of the books: each account with its normal side positive."""

from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Account, AccountKind, BalanceAsOf, Entry, Purpose, TransferKind
from waqiti.services.ledger.domain.books import DEBIT_NORMAL, LedgerAccount


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is stored, with its transfer's facts; a credit is positive."""

    transfer_id: UUID
    version: int
    posted_change: int
    pending_change: int
    posted: int
    pending_debits: int
    pending_credits: int
    recorded_at: datetime
    effective_at: datetime | None
    kind: TransferKind
    purpose: Purpose
    debit: UUID


class BalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account at an instant of recorded time; ``backdated`` was recorded later and dated back to it."""

    id: UUID
    kind: AccountKind
    posted: int
    pending_debits: int
    pending_credits: int
    backdated: int


def shown_account(account: LedgerAccount) -> Account:
    """Show an account with its normal side positive."""
    balance = account.posted_credits - account.posted_debits
    if account.kind in DEBIT_NORMAL:
        posted, held = -balance, account.pending_credits
    else:
        posted, held = balance, account.pending_debits
    return Account(
        id=account.id,
        kind=account.kind,
        currency=account.currency,
        posted=posted,
        held=held,
        available=posted - held,
        pending_credits=account.pending_credits,
        frozen=account.frozen,
        closed=account.closed,
        version=account.version,
    )


def shown_entry(row: EntryRow, account: UUID, kind: AccountKind) -> Entry:
    """Show an entry; a hold is held on the side that can be spent, and expected on the other."""
    spends = row.debit == account
    if kind in DEBIT_NORMAL:
        amount, posted, held = -row.posted_change, -row.posted, row.pending_credits
        held_change = 0 if spends else row.pending_change
    else:
        amount, posted, held = row.posted_change, row.posted, row.pending_debits
        held_change = -row.pending_change if spends else 0
    return Entry(
        transfer_id=row.transfer_id,
        account_id=account,
        version=row.version,
        kind=row.kind,
        purpose=row.purpose,
        amount=amount,
        held_change=held_change,
        posted=posted,
        held=held,
        recorded_at=row.recorded_at,
        effective_at=row.effective_at or row.recorded_at,
    )


def shown_balance(row: BalanceRow, *, effective: bool, provisional: bool) -> BalanceAsOf:
    """Show a balance: in effective time with what was dated back, in recorded time with what was held."""
    posted = row.posted + row.backdated if effective else row.posted
    held = row.pending_debits
    if row.kind in DEBIT_NORMAL:
        posted, held = -posted, row.pending_credits
    return BalanceAsOf(id=row.id, posted=posted, held=None if effective else held, provisional=provisional)
