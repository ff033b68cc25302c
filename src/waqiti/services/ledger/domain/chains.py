"""Chains: items that stand or fall together, and outcomes that are asked for again."""

from collections.abc import Iterator, Sequence

from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.services.ledger.domain.books import StoredTransfer


def chains(batch: Sequence[Transfer]) -> Iterator[Sequence[Transfer]]:
    """Cut a batch behind each item that is not linked to the next; the last item ends its chain in any case."""
    start = 0
    for index, item in enumerate(batch):
        if not item.linked or index == len(batch) - 1:
            yield batch[start : index + 1]
            start = index + 1


def difference(stored: StoredTransfer, asked: Transfer) -> str | None:
    """Name the first field in which ``asked`` is not what was stored under its id; None where there is none.

    Refusals and limits are no part of an id's identity: they may be found anew at each ask, and the first outcome
    stands. A void or an expiry releases what was held, whatever amount it repeats. A time ahead is stored as the time
    of recording.
    """
    for field in _compared(asked):
        if getattr(stored, field) != getattr(asked, field):
            return field
    effective_at = None if asked.effective_at is None else min(asked.effective_at, stored.recorded_at)
    return "effective_at" if effective_at != stored.effective_at else None


def _compared(asked: Transfer) -> Iterator[str]:
    yield from ("kind", "purpose", "debit", "credit", "currency")
    if asked.kind not in ("void", "expire"):
        yield "amount"
    yield "target"
    if asked.kind == "hold":
        yield "expires_at"


def result_of(stored: StoredTransfer, asked: Transfer, *, existed: bool) -> TransferResult:
    """Answer ``asked`` with the stored outcome of its id."""
    return TransferResult(
        id=stored.id,
        outcome=stored.outcome,
        amount=0 if stored.outcome == "refused" else stored.amount,
        recorded_at=stored.recorded_at,
        code=stored.code,
        existed=existed,
        differs=difference(stored, asked) if existed else None,
    )
