"""``waqiti audit``: what was written down, and that nobody has changed it."""

from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json, whole
from waqiti.cli.output import console, print_document, say, wrapped
from waqiti.cli.state import known_state
from waqiti.operations.store import transaction
from waqiti.operations.store.audit import AuditEntry, AuditVerdict, newest
from waqiti.operations.store.audit import verify as prove

MOST: Final = 10_000
_DEFAULT: Final = 20
_INDENT: Final = 8


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is listed; ``reason`` is None where none is kept, ``details`` is all that is kept."""

    seq: int
    at: str
    actor: str
    action: str
    target: str
    reason: str | None
    details: msgspec.Raw


class Listed(msgspec.Struct, frozen=True):
    """What ``audit list --json`` prints."""

    entries: list[Written]


class _Reason(msgspec.Struct, frozen=True):
    reason: str | None = None


def show(
    *,
    limit: Annotated[int, Parameter(converter=whole, validator=Number(gte=1, lte=MOST))] = _DEFAULT,
    json: Json = False,
) -> int:
    """List what operators did, and why, the newest first.

    Parameters
    ----------
    limit
        How many at most.
    """
    with transaction(known_state().operations_store) as connection:
        found = [_written(entry) for entry in newest(connection, limit)]
    if json:
        print_document(Listed(found))
    elif found:
        _list(found)
    else:
        say("nothing was done yet")
    return 0


def verify(*, json: Json = False) -> int:
    """Prove the chain of audit entries from its first one on; exit 1 where it is broken."""
    with transaction(known_state().operations_store) as connection:
        verdict = prove(connection)
    if json:
        print_document(verdict)
    else:
        _show(verdict)
    return 0 if verdict.intact else 1


def _written(entry: AuditEntry) -> Written:
    try:
        reason = msgspec.json.decode(entry.details, type=_Reason).reason
    except msgspec.ValidationError:
        reason = None
    return Written(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        target=entry.subject,
        reason=reason,
        details=msgspec.Raw(entry.details.encode()),
    )


def _list(found: list[Written]) -> None:
    out = console()
    for one in found:
        at = one.at[:19].replace("T", " ")
        first, *more = wrapped(f"{at}Z  {one.action} {one.target}", _INDENT)
        out.print(f"{one.seq:>{_INDENT - 2}}  {first.strip()}", markup=False)
        for line in (*more, *wrapped(f"by {one.actor}{'' if one.reason is None else f': {one.reason}'}", _INDENT)):
            out.print(line, markup=False)


def _show(verdict: AuditVerdict) -> None:
    out = console()
    if verdict.intact:
        out.print(f"[bold green]The audit is intact[/]: {verdict.entries} entries, the last is {verdict.head[:16]}")
        return
    out.print(f"[bold red]The audit was tampered with[/]: {len(verdict.problems)} findings")
    for problem in verdict.problems:
        out.print(f"  {problem}", markup=False)
