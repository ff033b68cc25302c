"""Manual entries: proposed by one operator, approved by another; an approved one is posted in the same transaction."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import Failure
from waqiti.contracts.public.ledger import (
    JournalEntry,
    JournalStatus,
    NewJournalDecision,
    NewJournalEntry,
    NewJournalReversal,
)
from waqiti.foundation import ids
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database, retrying
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.money import checked_currency
from waqiti.foundation.telemetry import logger
from waqiti.services.ledger.domain.checks import check_reason
from waqiti.services.ledger.domain.days import ends
from waqiti.services.ledger.domain.journal import (
    JournalRow,
    Proposal,
    Ruling,
    adjustment,
    check_decision,
    check_effective,
    check_proposal,
    reversal,
    ruled,
    sentence,
)
from waqiti.services.ledger.domain.naming import account_name, account_named
from waqiti.services.ledger.store import accounts, closes
from waqiti.services.ledger.store import journal as store
from waqiti.services.ledger.usecases.posting import post_in

_Work: TypeAlias = Callable[[Connection, UUID], Awaitable[JournalRow]]

_encode: Final = msgspec.json.Encoder().encode
_log: Final = logger(__name__)


class Journal:
    """What operators do with manual entries; each call is one transaction, whose refusals are kept with its key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, text: str) -> JournalRow:
        """Read an entry by the id in a path.

        Raises:
            Problem: 404 ``not_found``.
        """
        id_ = _parsed(text)
        async with self._database.connection() as connection:
            row = await store.find(connection, id_)
        if row is None:
            raise _unknown(text)
        return row

    async def newest(self, status: JournalStatus | None, before: UUID | None, limit: int) -> list[JournalRow]:
        """Read the entries that were proposed last, from below the id ``before`` on."""
        async with self._database.connection() as connection:
            return await store.newest(connection, status, ids.LAST_ID if before is None else before, limit)

    async def propose(self, request: RequestKey, request_id: str, asked: NewJournalEntry, actor: str) -> Answer:
        """Propose an entry; nothing moves. Its id is minted with the request's key.

        Raises:
            Problem: 422 where it says nothing that could be booked; what ``begin`` raises.
        """
        _check_asked(asked)
        checked_currency(asked.currency)

        async def work(connection: Connection, id_: UUID) -> JournalRow:
            proposal = Proposal(
                id=id_,
                debit=account_named(asked.debit, asked.currency),
                credit=account_named(asked.credit, asked.currency),
                amount=asked.amount,
                currency=asked.currency,
                effective_at=asked.effective_at,
                reverses=None,
                proposed_by=actor,
                reason=asked.reason,
            )
            return await _proposed(connection, proposal)

        return await self._once(request, request_id, 201, work)

    async def reverse(
        self, request: RequestKey, request_id: str, text: str, asked: NewJournalReversal, actor: str
    ) -> Answer:
        """Propose what takes an entry back, which happens once.

        Raises:
            Problem: as ``propose`` does.
        """
        original_id = _parsed(text)
        _check_asked(asked)

        async def work(connection: Connection, id_: UUID) -> JournalRow:
            original = await _locked(connection, original_id, text)
            proposal = reversal(original, id_, asked.effective_at, actor, asked.reason)
            taken = await store.reversal_of(connection, original_id)
            if taken is not None:
                raise Problem.conflict(f"{ids.encode(prefixes.JOURNAL_ENTRY, taken)} reverses this entry.")
            return await _proposed(connection, proposal)

        return await self._once(request, request_id, 201, work)

    async def decide(
        self, request: RequestKey, request_id: str, text: str, asked: NewJournalDecision, actor: str
    ) -> Answer:
        """Approve or decline an entry. Locks: the entry, then its accounts.

        Raises:
            Problem: 422 where the reason says nothing; what ``begin`` raises.
        """
        entry_id = _parsed(text)
        check_reason(asked.reason)

        async def work(connection: Connection, _: UUID) -> JournalRow:
            entry = await _locked(connection, entry_id, text)
            check_decision(entry, asked.outcome, actor)
            ruling = Ruling(status="declined")
            if asked.outcome == "approve":
                (result,) = await post_in(connection, [adjustment(entry)])
                ruling = ruled(result)
            await store.decide(connection, entry_id, ruling, actor, asked.reason)
            return await _locked(connection, entry_id, text)

        return await self._once(request, request_id, 200, work)

    async def _once(self, request: RequestKey, request_id: str, status: int, work: _Work) -> Answer:
        return await retrying(lambda: self._attempt(request, request_id, status, work))

    async def _attempt(self, request: RequestKey, request_id: str, status: int, work: _Work) -> Answer:
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            try:
                row = await work(connection, found.resource_id)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            answer = await keep(connection, request, Answer(status, _encode(view(row))))
        _log.info("journal_entry", entry=view(row).id, status=row.status, actor=row.decided_by or row.proposed_by)
        return answer


def view(row: JournalRow) -> JournalEntry:
    """Return an entry as the API shows it."""
    return JournalEntry(
        id=ids.encode(prefixes.JOURNAL_ENTRY, row.id),
        status=row.status,
        debit=account_name(row.debit, row.debit_kind, row.currency),
        credit=account_name(row.credit, row.credit_kind, row.currency),
        amount=row.amount,
        currency=row.currency,
        effective_at=row.effective_at,
        reason=row.reason,
        reverses=None if row.reverses is None else ids.encode(prefixes.JOURNAL_ENTRY, row.reverses),
        failure=None if row.code is None else Failure(row.code, sentence(row.code)),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
    )


async def _proposed(connection: Connection, proposal: Proposal) -> JournalRow:
    found = await accounts.read(connection, [proposal.debit, proposal.credit])
    through = await closes.through(connection)
    closed_before = None if through is None else ends(through)
    check_proposal(proposal, found.get(proposal.debit), found.get(proposal.credit), closed_before)
    await store.propose(connection, proposal)
    row = await store.find(connection, proposal.id)
    assert row is not None
    return row


async def _locked(connection: Connection, id_: UUID, text: str) -> JournalRow:
    row = await store.lock(connection, id_)
    if row is None:
        raise _unknown(text)
    return row


def _check_asked(asked: NewJournalEntry | NewJournalReversal) -> None:
    check_reason(asked.reason)
    check_effective(asked.effective_at, utc_now())


def _parsed(text: str) -> UUID:
    return ids.parse(prefixes.JOURNAL_ENTRY, text, "journal entry")


def _unknown(text: str) -> Problem:
    return Problem.not_found(f"There is no journal entry {text[:64]!r}.")
