"""The commands; they read the databases and, but for redriving, need no service."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from cyclopts import Parameter

from waqiti.cli.databases import keep_quiet, no_answer
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.payments.showing import Line, explained_lines, redriven_lines, stuck_lines, undecided
from waqiti.cli.state import known_state
from waqiti.contracts import prefixes
from waqiti.foundation.clock import utc_now
from waqiti.foundation.ids import decode
from waqiti.operations.cluster.credentials_file import Credentials, read_credentials
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.payments import explaining
from waqiti.operations.payments import redriving as operation
from waqiti.operations.payments import stuck as facts
from waqiti.operations.state.layout import Layout
from waqiti.operations.store.actor import actor
from waqiti.operations.switches.modes import isolated
from waqiti.operations.switches.wanted import period_of, reason_of

_OLDER: Final = "30s"


def stuck(
    *, older: str = _OLDER, held: Annotated[bool, Parameter(name="--all", negative="")] = False, json: Json = False
) -> int:
    """List payments that nothing is decided about, why, and how much money they are about; no service is asked.

    Parameters
    ----------
    older
        Only those that wait for longer than this, such as 30s or 5m.
    held
        Add up payments that wait for people too: in review, or authorized. They are not stuck.
    """
    layout = known_state()
    found = _find(layout, period_of(older, "--older"), held=held)
    if json:
        print_document(found)
    else:
        _print(stuck_lines(found))
    return 0


def explain(payment: str, /, *, json: Json = False) -> int:
    """Tell a payment's life: what happened, by whom, what moved, where it stands and what happens next.

    Whose database is away is said, and the rest is shown.

    Parameters
    ----------
    payment
        Its id, such as pay_01jd2v6h3m8q0r4t5w7x9yabcd, or the bare UUID that logs have.
    """
    layout = known_state()
    databases = _credentials(layout).databases
    found = asyncio.run(explaining.explain(databases, payment_id(payment), utc_now(), isolated(layout)))
    if json:
        print_document(found)
    else:
        _print(explained_lines(found))
    return 0 if found.payment is not None else FAILED


def redrive(
    *payments: str,
    all_stuck: Annotated[bool, Parameter(name="--all-stuck", negative="")] = False,
    older: str = _OLDER,
    reason: str,
    json: Json = False,
) -> int:
    """Move stuck payments on now, and wait until something is decided about each; exit 1 where nothing is yet.

    Doing it twice, or while a payment is being decided, moves money once.

    Parameters
    ----------
    payments
        Their ids.
    all_stuck
        Those that payments stuck lists, instead; at most a thousand at a time.
    older
        With --all-stuck: only those that wait for longer than this.
    reason
        Why, for the audit.
    """
    if payments and all_stuck:
        raise ClusterError("redrive takes the ids of payments or --all-stuck: give either, not both", WRONG_USE)
    if not payments and not all_stuck:
        raise ClusterError("redrive wants the ids of payments, or --all-stuck", WRONG_USE)
    why, period, layout = reason_of(reason), period_of(older, "--older"), known_state()
    ids = _all_stuck(layout, period) if all_stuck else [payment_id(one) for one in payments]
    done = asyncio.run(operation.redrive(layout, _credentials(layout), ids, actor=actor(), reason=why))
    if json:
        print_document(done)
    else:
        _print(redriven_lines(done))
    for sentence in undecided(done):
        say(sentence)
    if done.failure is not None:
        say(f"{len(done.payments):,} of {done.wanted:,} were redriven: {done.failure}")
    return FAILED if done.stuck or done.failure is not None else 0


def _find(layout: Layout, older: timedelta, *, held: bool = False) -> facts.Stuck:
    found = asyncio.run(
        facts.find_stuck(_credentials(layout).databases, older, utc_now(), held=held, isolated=isolated(layout))
    )
    missing = [one for one in found.unreadable if one.fact == facts.LISTED]
    if missing:
        raise no_answer(layout) if missing[0].away else ClusterError(f"Payments cannot be listed: {missing[0].error}")
    return found


def _all_stuck(layout: Layout, older: timedelta) -> list[UUID]:
    return [payment_id(one.id) for one in _find(layout, older).listed]


def payment_id(text: str) -> UUID:
    """Read the id of a payment as clients know it, or as logs write it.

    Raises:
        ClusterError: wrong use: it is neither.
    """
    identifier = decode(prefixes.PAYMENT, text.strip()) or _as_logged(text.strip())
    if identifier is None:
        raise ClusterError(
            f"{text[:64]!r} is no id of a payment: those begin with {prefixes.PAYMENT}_, or are a UUID as logs have it",
            WRONG_USE,
        )
    return identifier


def _as_logged(text: str) -> UUID | None:
    """Read a bare UUID, which is how logs write ids."""
    try:
        identifier = UUID(text)
    except ValueError:
        return None
    return identifier if str(identifier) == text.lower() else None


def _credentials(layout: Layout) -> Credentials:
    credentials = read_credentials(layout)
    if credentials is None:
        raise ClusterError(f"{layout.root} holds no credentials: start a platform with waqiti up", REFUSED)
    keep_quiet()
    return credentials


def _print(lines: Sequence[Line]) -> None:
    out = console()
    for line in lines:
        out.print(line.text, style=line.style, markup=False)
