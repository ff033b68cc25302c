"""Manual entries: what may be proposed, who may decide, and the transfer that an approved one is."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.ledger import PERIOD_CLOSED, AccountKind, Transfer, TransferResult
from waqiti.contracts.public.ledger import JournalDecision, JournalStatus
from waqiti.foundation.errors import Problem
from waqiti.services.ledger.domain.books import LedgerAccount
from waqiti.services.ledger.domain.closing import closed
from waqiti.services.ledger.domain.days import check_past

SECOND_APPROVER_REQUIRED: Final = "second_approver_required"
_PERIOD_CLOSED: Final = "The period that it counts from is closed."


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to have booked, under the id of the transfer that it becomes."""

    id: UUID
    debit: UUID
    credit: UUID
    amount: int
    currency: str
    effective_at: datetime | None
    reverses: UUID | None
    proposed_by: str
    reason: str


class JournalRow(Proposal, frozen=True, kw_only=True):
    """An entry as it is stored, with the kinds of its accounts."""

    debit_kind: AccountKind
    credit_kind: AccountKind
    status: JournalStatus
    code: str | None
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entry."""

    status: JournalStatus
    code: str | None = None


def check_proposal(
    proposal: Proposal, debit: LedgerAccount | None, credit: LedgerAccount | None, closed_before: datetime | None
) -> None:
    """Refuse what could not be booked, as far as that is known before it is approved.

    Raises:
        Problem: 404 ``not_found`` where there is no such account, 422 where one is of another currency or both are the
            same, 409 ``period_closed``.
    """
    if proposal.debit == proposal.credit:
        raise Problem.invalid("An entry goes between two accounts.", pointer="/credit")
    for account, side in ((debit, "debit"), (credit, "credit")):
        if account is None:
            raise Problem.not_found(f"There is no such account as {side} names in {proposal.currency}.")
        if account.currency != proposal.currency:
            raise Problem.invalid(f"This account is kept in {account.currency}.", pointer=f"/{side}")
    if proposal.effective_at is not None and closed_before is not None and proposal.effective_at < closed_before:
        raise closed(f"The books are closed to what counts from before {closed_before.date()}.")


def check_effective(effective_at: datetime | None, now: datetime) -> None:
    """Raise 422 ``invalid_request`` where the time that an entry counts from has not come."""
    if effective_at is not None:
        check_past(effective_at, "/effective_at", now)


def check_decision(entry: JournalRow, outcome: JournalDecision, actor: str) -> None:
    """Refuse a decision that is not ``actor``'s to make; whoever proposed an entry may withdraw it.

    Raises:
        Problem: 409 ``conflict`` where it is decided; 403 ``second_approver_required``.
    """
    if entry.status != "proposed":
        raise Problem.conflict(f"The entry is {entry.status}.")
    if outcome == "approve" and entry.proposed_by == actor:
        raise Problem(403, SECOND_APPROVER_REQUIRED, "Another operator than who proposed an entry approves it.")


def reversal(entry: JournalRow, id_: UUID, effective_at: datetime | None, actor: str, reason: str) -> Proposal:
    """Return what takes an entry back.

    Raises:
        Problem: 409 ``conflict`` where nothing was posted.
    """
    if entry.status != "posted":
        raise Problem.conflict(f"The entry is {entry.status}: only one that is posted is reversed.")
    return Proposal(
        id=id_,
        debit=entry.credit,
        credit=entry.debit,
        amount=entry.amount,
        currency=entry.currency,
        effective_at=effective_at,
        reverses=entry.id,
        proposed_by=actor,
        reason=reason,
    )


def adjustment(entry: JournalRow) -> Transfer:
    """Return the transfer that an entry is; one that takes another back names it."""
    return Transfer(
        id=entry.id,
        kind="post",
        purpose="adjustment",
        debit=entry.debit,
        credit=entry.credit,
        amount=entry.amount,
        currency=entry.currency,
        target=entry.reverses,
        effective_at=entry.effective_at,
    )


def ruled(result: TransferResult) -> Ruling:
    """Follow what the ledger stored."""
    assert not result.existed, "the id was minted for this entry, which is posted with its decision"
    if result.outcome == "refused":
        return Ruling(status="refused", code=result.code)
    assert result.outcome == "posted", result.outcome
    return Ruling(status="posted")


def sentence(code: str) -> str:
    """Return what an operator is told of a refusal."""
    return _PERIOD_CLOSED if code == PERIOD_CLOSED else refusals.sentence(code)
