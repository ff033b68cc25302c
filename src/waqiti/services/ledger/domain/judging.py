"""What becomes of one item on the books as they stand."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final
from uuid import UUID

from waqiti.contracts import refusals
from waqiti.contracts.ledger import (
    ACCOUNT_UNKNOWN,
    CURRENCY_MISMATCH,
    EXCEEDS_HOLD,
    EXCEEDS_ORIGINAL,
    HOLD_EXPIRED,
    HOLD_RESOLVED,
    HOLD_UNKNOWN,
    PERIOD_CLOSED,
    Outcome,
    Transfer,
    TransferKind,
)
from waqiti.services.ledger.domain.books import Hold, StoredTransfer
from waqiti.services.ledger.domain.working import Verdict, WorkingAccount, WorkingBooks

_OUTCOMES: Final[dict[TransferKind, Outcome]] = {
    "post": "posted",
    "hold": "held",
    "capture": "captured",
    "void": "voided",
    "expire": "expired",
    "refuse": "refused",
}


def judge(item: Transfer, books: WorkingBooks, paid_in: AbstractSet[UUID]) -> Verdict:
    """Evaluate one item; ``paid_in`` are the accounts that its chain has credited before it."""
    if item.kind == "refuse":
        return refused(item, books, refusals.first(item.refusals) or refusals.GIVEN_UP)
    if item.kind in ("post", "hold"):
        return _judge_new(item, books, paid_in)
    return _judge_resolution(item, books, paid_in)


def refused(item: Transfer, books: WorkingBooks, code: str) -> Verdict:
    """Refuse an item."""
    return Verdict(stored=_row(item, books, "refused", item.amount, code))


def _judge_new(item: Transfer, books: WorkingBooks, paid_in: AbstractSet[UUID]) -> Verdict:
    code = refusals.first([*item.refusals, *_against_new(item, books, paid_in)])
    if code is not None:
        return refused(item, books, code)
    stored = _row(item, books, _OUTCOMES[item.kind], item.amount)
    if item.kind == "hold":
        return Verdict(stored=stored, pending=item.amount)
    return Verdict(stored=stored, posted=item.amount)


def _against_new(item: Transfer, books: WorkingBooks, paid_in: AbstractSet[UUID]) -> Iterator[str]:
    debit, credit = books.accounts.get(item.debit), books.accounts.get(item.credit)
    if debit is None or credit is None:
        yield ACCOUNT_UNKNOWN
        return
    if not debit.before.currency == credit.before.currency == item.currency:
        yield CURRENCY_MISMATCH
        return
    yield from _against_flags(item, debit, credit, paid_in)
    if not debit.can_spend(item.amount):
        yield refusals.INSUFFICIENT_FUNDS
    yield from _against_limits(item, debit, credit, credit.pending_credits)
    if item.purpose == "refund" and item.amount > _refundable(item, books):
        yield EXCEEDS_ORIGINAL
    if books.is_closed(item):
        yield PERIOD_CLOSED


def _against_flags(
    item: Transfer, debit: WorkingAccount, credit: WorkingAccount, paid_in: AbstractSet[UUID]
) -> Iterator[str]:
    if debit.before.closed or credit.before.closed:
        yield refusals.WALLET_CLOSED
    spared = item.purpose == "fee" and item.debit in paid_in and debit.before.frozen == "debits"
    if (debit.before.frozen != "none" and not spared) or credit.before.frozen == "all":
        yield refusals.WALLET_FROZEN


def _against_limits(item: Transfer, debit: WorkingAccount, credit: WorkingAccount, expected: int) -> Iterator[str]:
    """``expected`` is what other open holds may still pay in: their captures are not checked again."""
    limit = item.max_credit_balance
    passes = limit is not None and credit.posted + expected + item.amount > limit
    if passes or not (debit.has_capacity(item.amount) and credit.has_capacity(item.amount)):
        yield refusals.LIMIT_EXCEEDED


def _refundable(item: Transfer, books: WorkingBooks) -> int:
    """What is left of the original; one that moved nothing between these accounts leaves nothing."""
    assert item.target is not None
    original = books.find(item.target)
    if original is None or original.outcome not in ("posted", "captured"):
        return 0
    if (original.debit, original.credit, original.currency) != (item.credit, item.debit, item.currency):
        return 0
    return original.amount - books.refunded.get(item.target, 0)


def _judge_resolution(item: Transfer, books: WorkingBooks, paid_in: AbstractSet[UUID]) -> Verdict:
    assert item.target is not None
    hold = books.holds.get(item.target)
    if hold is None or (hold.debit, hold.credit, hold.currency) != (item.debit, item.credit, item.currency):
        return refused(item, books, HOLD_UNKNOWN)
    if hold.resolved_by is not None:
        return refused(item, books, HOLD_RESOLVED)
    if item.kind != "capture":
        if books.is_closed(item):
            return refused(item, books, PERIOD_CLOSED)
        return Verdict(stored=_row(item, books, _OUTCOMES[item.kind], hold.amount), pending=-hold.amount)
    code = refusals.first([*item.refusals, *_against_capture(item, books, hold, paid_in)])
    if code is not None:
        return refused(item, books, code)
    stored = _row(item, books, "captured", item.amount)
    return Verdict(stored=stored, posted=item.amount, pending=-hold.amount)


def _against_capture(item: Transfer, books: WorkingBooks, hold: Hold, paid_in: AbstractSet[UUID]) -> Iterator[str]:
    debit, credit = books.accounts[item.debit], books.accounts[item.credit]
    yield from _against_flags(item, debit, credit, paid_in)
    yield from _against_limits(item, debit, credit, credit.pending_credits - hold.amount)
    if item.amount > hold.amount:
        yield EXCEEDS_HOLD
    if hold.expires_at is not None and hold.expires_at <= books.recorded_at:
        yield HOLD_EXPIRED
    if books.is_closed(item):
        yield PERIOD_CLOSED


def _row(item: Transfer, books: WorkingBooks, outcome: Outcome, amount: int, code: str | None = None) -> StoredTransfer:
    effective_at = None if item.effective_at is None else min(item.effective_at, books.recorded_at)
    return StoredTransfer(
        id=item.id,
        kind=item.kind,
        purpose=item.purpose,
        debit=item.debit,
        credit=item.credit,
        amount=amount,
        currency=item.currency,
        target=item.target,
        outcome=outcome,
        code=code,
        expires_at=item.expires_at if item.kind == "hold" else None,
        effective_at=effective_at,
        recorded_at=books.recorded_at,
    )
