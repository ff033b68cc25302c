"""Plain batches: transfers that do nothing but post, folded so that the database can post them in one statement."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Transfer


class PlainAccount:
    """What a batch does to one account, relative to where it stands; a credit is positive.

    ``lowest`` is the deepest point that its balance reaches within the batch (0 or less), ``ceiling`` the highest
    balance, posted and expected, from which no item would pass its limit, ``place`` its number in id order, from 1.
    """

    __slots__ = ("ceiling", "credits", "currency", "debits", "entries", "id", "lowest", "place")

    def __init__(self, account: UUID, currency: str) -> None:
        self.id = account
        self.currency = currency
        self.debits = 0
        self.credits = 0
        self.lowest = 0
        self.ceiling: int | None = None
        self.entries = 0
        self.place = 0

    def debit(self, amount: int) -> int:
        """Take ``amount`` out and return the balance after it, relative to the beginning."""
        self.debits += amount
        self.entries += 1
        balance = self.credits - self.debits
        self.lowest = min(self.lowest, balance)
        return balance

    def credit(self, amount: int, max_balance: int | None) -> int:
        """Put ``amount`` in and return the balance after it, relative to the beginning."""
        self.credits += amount
        self.entries += 1
        balance = self.credits - self.debits
        if max_balance is not None:
            highest = max_balance - balance
            self.ceiling = highest if self.ceiling is None else min(self.ceiling, highest)
        return balance


class PlainTransfer(msgspec.Struct, frozen=True, gc=False):
    """One transfer of a plain batch with the relative balance and version of both accounts after it."""

    item: Transfer
    debit: PlainAccount
    debit_posted: int
    debit_version: int
    credit: PlainAccount
    credit_posted: int
    credit_version: int


class PlainBatch(msgspec.Struct, frozen=True):
    """A batch in which every item posts, or none: ``accounts`` stand in id order."""

    accounts: Sequence[PlainAccount]
    transfers: Sequence[PlainTransfer]


def plan_plain(batch: Sequence[Transfer]) -> PlainBatch | None:
    """Fold a batch; None where an item is more than a plain post, or an id or account does not fit the others.

    Where every account can bear its ``lowest`` and ``ceiling``, evaluating the items one by one would post each of
    them, linked or not: the fold then is that evaluation.
    """
    if not all(_is_plain(item) for item in batch) or len({item.id.int for item in batch}) != len(batch):
        return None
    accounts: dict[int, PlainAccount] = {}
    transfers = list(_fold(batch, accounts))
    if any(row.debit.currency != row.item.currency or row.credit.currency != row.item.currency for row in transfers):
        return None
    ordered = [accounts[key] for key in sorted(accounts)]
    for place, account in enumerate(ordered, start=1):
        account.place = place
    return PlainBatch(ordered, transfers)


def _is_plain(item: Transfer) -> bool:
    return item.kind == "post" and item.target is None and not item.refusals and item.effective_at is None


def _fold(batch: Sequence[Transfer], accounts: dict[int, PlainAccount]) -> Iterator[PlainTransfer]:
    for item in batch:
        debit = accounts.get(item.debit.int)
        if debit is None:
            debit = accounts[item.debit.int] = PlainAccount(item.debit, item.currency)
        credit = accounts.get(item.credit.int)
        if credit is None:
            credit = accounts[item.credit.int] = PlainAccount(item.credit, item.currency)
        debit_posted = debit.debit(item.amount)
        credit_posted = credit.credit(item.amount, item.max_credit_balance)
        yield PlainTransfer(item, debit, debit_posted, debit.entries, credit, credit_posted, credit.entries)
