"""The books while a batch is evaluated: locked accounts and what hangs on them, changed step by step."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Transfer
from waqiti.services.ledger.domain.books import (
    MAX_TOTAL,
    Hold,
    LedgerAccount,
    NewEntry,
    RefundTotal,
    StoredTransfer,
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was read under the locks: the accounts, transfers (asked and targets), holds and refunds of a batch.

    ``closed_before`` is where the open period begins; None where none was ever closed.
    """

    accounts: Mapping[UUID, LedgerAccount]
    transfers: Mapping[UUID, StoredTransfer]
    holds: Mapping[UUID, Hold]
    refunded: Mapping[UUID, int]
    recorded_at: datetime
    closed_before: datetime | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an item comes to: the row to store and, unless refused, how far posted and pending money moves."""

    stored: StoredTransfer
    posted: int = 0
    pending: int = 0

    @property
    def refused(self) -> bool:
        """Nothing moves."""
        return self.stored.outcome == "refused"


class WorkingAccount:
    """An account as the batch goes on; a credit is positive."""

    __slots__ = ("before", "pending_credits", "pending_debits", "posted_credits", "posted_debits", "version")

    def __init__(self, before: LedgerAccount) -> None:
        self.before = before
        self.posted_debits = before.posted_debits
        self.posted_credits = before.posted_credits
        self.pending_debits = before.pending_debits
        self.pending_credits = before.pending_credits
        self.version = before.version

    @property
    def posted(self) -> int:
        """The posted balance."""
        return self.posted_credits - self.posted_debits

    def can_spend(self, amount: int) -> bool:
        """Tell whether ``amount`` leaves the minimum available."""
        minimum = self.before.minimum
        return minimum is None or self.posted - self.pending_debits - amount >= minimum

    def has_capacity(self, amount: int) -> bool:
        """Tell whether ``amount`` more still can be counted."""
        debits = self.posted_debits + self.pending_debits
        credits_ = self.posted_credits + self.pending_credits
        return max(debits, credits_) + amount <= MAX_TOTAL


class WorkingBooks:
    """Applies verdicts and takes them back; collects what is to be written."""

    def __init__(self, known: Known) -> None:
        self.recorded_at = known.recorded_at
        self._closed_before = known.closed_before
        self.transfers = dict(known.transfers)
        self.applied: dict[UUID, StoredTransfer] = {}
        self.accounts = {key: WorkingAccount(account) for key, account in known.accounts.items()}
        self.holds = dict(known.holds)
        self.refunded = dict(known.refunded)
        self.new_transfers: list[StoredTransfer] = []
        self.new_entries: list[NewEntry] = []
        self.new_holds: dict[UUID, Hold] = {}
        self.resolved_holds: dict[UUID, UUID] = {}
        self.new_refunds: set[UUID] = set()

    def is_closed(self, item: Transfer) -> bool:
        """Tell whether an item counts from a period that is closed."""
        if item.effective_at is None or self._closed_before is None:
            return False
        return item.effective_at < self._closed_before

    def apply(self, verdict: Verdict) -> None:
        """Move the money of a verdict, with an entry on either side."""
        stored = verdict.stored
        debit, credit = self.accounts[stored.debit], self.accounts[stored.credit]
        debit.posted_debits += verdict.posted
        debit.pending_debits += verdict.pending
        credit.posted_credits += verdict.posted
        credit.pending_credits += verdict.pending
        for account, sign in ((debit, -1), (credit, 1)):
            account.version += 1
            self.new_entries.append(_entry(stored, account, sign * verdict.posted, sign * verdict.pending))
        self._mark(stored)

    def revert(self, verdict: Verdict) -> None:
        """Take back the verdict that was applied last."""
        stored = verdict.stored
        debit, credit = self.accounts[stored.debit], self.accounts[stored.credit]
        debit.posted_debits -= verdict.posted
        debit.pending_debits -= verdict.pending
        credit.posted_credits -= verdict.posted
        credit.pending_credits -= verdict.pending
        debit.version -= 1
        credit.version -= 1
        assert self.new_entries.pop().transfer_id == self.new_entries.pop().transfer_id == stored.id
        self._unmark(stored)

    def store(self, stored: StoredTransfer) -> None:
        """Keep the outcome of an id for good."""
        assert stored.id not in self.transfers
        self.transfers[stored.id] = stored
        self.new_transfers.append(stored)

    def refund_totals(self) -> list[RefundTotal]:
        """Return what was given back of each transfer that this batch gave back from."""
        return [
            RefundTotal(target, self.transfers[target].amount, self.refunded[target])
            for target in self.new_refunds
            if self.refunded[target]
        ]

    def changed_accounts(self) -> list[WorkingAccount]:
        """Return the accounts that have new entries."""
        return [account for account in self.accounts.values() if account.version != account.before.version]

    def find(self, id_: UUID) -> StoredTransfer | None:
        """Return the transfer of this id, stored or applied in the chain that is being evaluated."""
        return self.transfers.get(id_) or self.applied.get(id_)

    def _mark(self, stored: StoredTransfer) -> None:
        self.applied[stored.id] = stored
        if stored.outcome == "held":
            self.new_holds[stored.id] = self.holds[stored.id] = _hold(stored)
        elif stored.outcome != "posted":
            self._resolve(stored, stored.id)
        elif stored.purpose == "refund":
            self._refund(stored, stored.amount)

    def _unmark(self, stored: StoredTransfer) -> None:
        del self.applied[stored.id]
        if stored.outcome == "held":
            del self.new_holds[stored.id], self.holds[stored.id]
        elif stored.outcome != "posted":
            self._resolve(stored, None)
        elif stored.purpose == "refund":
            self._refund(stored, -stored.amount)

    def _resolve(self, stored: StoredTransfer, by: UUID | None) -> None:
        assert stored.target is not None
        self.holds[stored.target] = msgspec.structs.replace(self.holds[stored.target], resolved_by=by)
        if by is None:
            del self.resolved_holds[stored.target]
        else:
            self.resolved_holds[stored.target] = by

    def _refund(self, stored: StoredTransfer, amount: int) -> None:
        assert stored.target is not None
        self.refunded[stored.target] = self.refunded.get(stored.target, 0) + amount
        self.new_refunds.add(stored.target)


def _entry(stored: StoredTransfer, account: WorkingAccount, posted_change: int, pending_change: int) -> NewEntry:
    return NewEntry(
        stored.id,
        account.before.id,
        account.version,
        posted_change,
        pending_change,
        account.posted,
        account.pending_debits,
        account.pending_credits,
        stored.currency,
        stored.effective_at,
    )


def _hold(stored: StoredTransfer) -> Hold:
    return Hold(
        id=stored.id,
        debit=stored.debit,
        credit=stored.credit,
        amount=stored.amount,
        currency=stored.currency,
        purpose=stored.purpose,
        expires_at=stored.expires_at,
    )


def targets(batch: Iterable[Transfer]) -> set[UUID]:
    """Return the transfers that a batch is about, beside its own."""
    return {item.target for item in batch if item.target is not None}
