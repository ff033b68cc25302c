"""``waqiti ledger journal``: manual entries, each of which needs a second operator."""

from itertools import islice
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.books.dates import instant_of
from waqiti.cli.calling import approver, operator
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say, wrapped
from waqiti.client import JournalEntry, format_amount, pages
from waqiti.contracts.public.ledger import JournalDecision, JournalStatus
from waqiti.operations.errors import FAILED

MOST: Final = 10_000
_DEFAULT: Final = 100


class Listed(msgspec.Struct, frozen=True):
    """What ``journal list --json`` prints."""

    entries: list[JournalEntry]


def propose(
    *,
    debit: str,
    credit: str,
    amount: int,
    currency: str,
    reason: str,
    effective: str | None = None,
    json: Json = False,
) -> int:
    """Propose an entry, as the first operator; nothing moves until the second one approves it.

    Parameters
    ----------
    debit
        Where the money comes from: the id of a wallet, or fees, rail, suspense or liquidity.
    credit
        Where it goes to, likewise.
    amount
        In minor units: 1250 EUR is 12.50 EUR.
    currency
        That of both accounts.
    reason
        Why; it is kept with the entry: name nobody in it.
    effective
        When it counts from, in an open period: a time or a day, UTC. By default when it is approved.
    """
    with operator() as client:
        entry = client.ledger.propose(
            debit=debit,
            credit=credit,
            amount=amount,
            currency=currency,
            reason=reason,
            effective_at=None if effective is None else instant_of(effective, "--effective"),
        )
    return _told(entry, as_json=json)


def show(
    *,
    status: JournalStatus | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=MOST))] = _DEFAULT,
    json: Json = False,
) -> int:
    """List entries, the newest first.

    Parameters
    ----------
    status
        Only those that are proposed, posted, refused or declined.
    limit
        How many at most.
    """
    with operator() as client:
        found = list(islice(pages(client.ledger.journal, status=status), limit))
    if json:
        print_document(Listed(found))
    elif found:
        _show(found)
    else:
        say("there is no entry" if status is None else f"no entry is {status}")
    return 0


def approve(entry: str, /, *, reason: str, json: Json = False) -> int:
    """Approve an entry, as the second operator: its money moves at once; exit 1 where the ledger refuses it.

    Parameters
    ----------
    entry
        The id of the entry.
    reason
        Why; it is kept with the entry.
    """
    return _decide(entry, "approve", reason, as_json=json)


def decline(entry: str, /, *, reason: str, json: Json = False) -> int:
    """Decline an entry, as the second operator; nothing moves.

    Parameters
    ----------
    entry
        The id of the entry.
    reason
        Why; it is kept with the entry.
    """
    return _decide(entry, "decline", reason, as_json=json)


def reverse(entry: str, /, *, reason: str, effective: str | None = None, json: Json = False) -> int:
    """Propose what takes a posted entry back, as the first operator, for the second one to approve.

    Parameters
    ----------
    entry
        The id of the entry that is taken back.
    reason
        Why; it is kept with the new entry.
    effective
        When it counts from, in an open period: a time or a day, UTC. By default when it is approved.
    """
    with operator() as client:
        effective_at = None if effective is None else instant_of(effective, "--effective")
        reversal = client.ledger.reverse(entry, reason=reason, effective_at=effective_at)
    return _told(reversal, as_json=json)


def _decide(entry_id: str, outcome: JournalDecision, reason: str, *, as_json: bool) -> int:
    with approver() as client:
        entry = client.ledger.decide(entry_id, outcome=outcome, reason=reason)
    return _told(entry, as_json=as_json)


def _told(entry: JournalEntry, *, as_json: bool) -> int:
    if as_json:
        print_document(entry)
    else:
        say(f"{entry.id} is {entry.status}: {_movement(entry)}")
        if entry.failure is not None:
            say(f"{entry.failure.code}: {entry.failure.detail}")
        if entry.status == "proposed":
            say(f"another operator approves it: waqiti ledger journal approve {entry.id} --reason TEXT")
    return FAILED if entry.status == "refused" else 0


def _movement(entry: JournalEntry) -> str:
    return f"{format_amount(entry.amount, entry.currency)} from {entry.debit} to {entry.credit}"


def _show(found: list[JournalEntry]) -> None:
    """Print ids whole, whatever the terminal's width: they are what the other commands take."""
    lines = console()
    for entry in found:
        lines.print(f"{entry.id}  {entry.status}, {_movement(entry)}", markup=False)
        about = [f"proposed by {entry.proposed_by} at {entry.proposed_at:%Y-%m-%d %H:%M}: {entry.reason}"]
        if entry.effective_at is not None:
            about.append(f"counts from {entry.effective_at:%Y-%m-%d %H:%M:%S}")
        if entry.reverses is not None:
            about.append(f"takes back {entry.reverses}")
        if entry.decided_by is not None:
            about.append(f"decided by {entry.decided_by} at {entry.decided_at:%Y-%m-%d %H:%M}: {entry.decision_reason}")
        if entry.failure is not None:
            about.append(f"{entry.failure.code}: {entry.failure.detail}")
        for sentence in about:
            lines.print("\n".join(wrapped(sentence, 4)), markup=False)
