"""Evaluates a batch in memory, in order, on accounts that are locked."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import LINKED_REFUSED, REJECTED, Transfer, TransferResult
from waqiti.services.ledger.domain.books import Hold, NewEntry, RefundTotal, StoredTransfer
from waqiti.services.ledger.domain.chains import chains, difference, result_of
from waqiti.services.ledger.domain.judging import judge, refused
from waqiti.services.ledger.domain.working import Known, Verdict, WorkingAccount, WorkingBooks


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch comes to: ``results`` in its order, and all that is to be written."""

    results: list[TransferResult]
    transfers: list[StoredTransfer]
    entries: list[NewEntry]
    accounts: list[WorkingAccount]
    holds: list[Hold]
    resolved: dict[UUID, UUID]
    refunds: list[RefundTotal]


def evaluate(batch: Sequence[Transfer], known: Known) -> Evaluation:
    """Evaluate ``batch``.

    Items are taken in order; one that is refused fails alone, a chain together with it. An id that is known, or stands
    earlier in the batch, is answered with its first outcome.
    """
    books = WorkingBooks(known)
    results = [result for chain in chains(batch) for result in _evaluate_chain(chain, books)]
    return _evaluation(results, books)


def reject(chain: Sequence[Transfer], known: Known) -> Evaluation:
    """Refuse every id of a chain that is not known, because the database would not take its outcome."""
    books = WorkingBooks(known)
    for item in chain:
        if item.id not in books.transfers:
            books.store(refused(item, books, REJECTED).stored)
    results = [result_of(books.transfers[item.id], item, existed=item.id in known.transfers) for item in chain]
    return _evaluation(results, books)


def _evaluation(results: list[TransferResult], books: WorkingBooks) -> Evaluation:
    return Evaluation(
        results=results,
        transfers=books.new_transfers,
        entries=books.new_entries,
        accounts=books.changed_accounts(),
        holds=list(books.new_holds.values()),
        resolved=books.resolved_holds,
        refunds=books.refund_totals(),
    )


def _evaluate_chain(chain: Sequence[Transfer], books: WorkingBooks) -> Iterator[TransferResult]:
    fresh: dict[UUID, Transfer] = {}
    for item in chain:
        if item.id not in books.transfers:
            fresh.setdefault(item.id, item)
    for verdict in _judge_chain(chain, fresh, books):
        books.store(verdict.stored)
    for item in chain:
        first = fresh.pop(item.id, None)
        yield result_of(books.transfers[item.id], item, existed=first is None)


def _judge_chain(chain: Sequence[Transfer], fresh: dict[UUID, Transfer], books: WorkingBooks) -> list[Verdict]:
    verdicts: list[Verdict] = []
    paid_in: set[UUID] = set()
    broken = any(_breaks(books.transfers[item.id], item) for item in chain if item.id in books.transfers)
    for item in fresh.values():
        verdict = refused(item, books, LINKED_REFUSED) if broken else judge(item, books, paid_in)
        if verdict.refused and not broken:
            broken = True
            verdicts = _take_back(verdicts, fresh, books)
        elif not verdict.refused:
            books.apply(verdict)
            paid_in.add(item.credit)
        verdicts.append(verdict)
    return verdicts


def _breaks(stored: StoredTransfer, item: Transfer) -> bool:
    """Tell whether a chain cannot stand because of what an earlier call stored for one of its members."""
    return stored.outcome == "refused" or difference(stored, item) is not None


def _take_back(verdicts: list[Verdict], fresh: dict[UUID, Transfer], books: WorkingBooks) -> list[Verdict]:
    for verdict in reversed(verdicts):
        books.revert(verdict)
    return [refused(fresh[verdict.stored.id], books, LINKED_REFUSED) for verdict in verdicts]
