"""The commands; all go through the public API with the operator's key."""

import asyncio
import sys
from itertools import islice
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.calling import operator, refusal
from waqiti.cli.options import Json, whole
from waqiti.cli.output import console, print_document, say, wrapped
from waqiti.cli.progress import bar
from waqiti.cli.reviews.deciding import Decision, Desk, Failed, Stopped, decide_all
from waqiti.cli.state import credentials_of
from waqiti.client import Client, Review, format_amount, pages
from waqiti.contracts.public.reviews import Label, ReviewStatus
from waqiti.contracts.reviews import ReviewKind, ReviewOutcome
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.wanted import reason_of

MOST: Final = 10_000
_DEFAULT: Final = 100
_SHOWN: Final = 20
_DONE: Final = {"approve": "approved", "decline": "declined"}

_AllOpen = Annotated[bool, Parameter(name="--all-open", negative="")]
_Yes = Annotated[bool, Parameter(name="--yes", negative="")]


class Listed(msgspec.Struct, frozen=True):
    """What ``reviews list --json`` prints."""

    reviews: list[Review]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What ``reviews approve --json`` prints; ``over`` are those that nobody waited for any more."""

    outcome: ReviewOutcome
    decided: list[str]
    over: list[str]
    failed: list[Failed]


def show(
    *,
    status: ReviewStatus = "open",
    kind: ReviewKind | None = None,
    limit: Annotated[int, Parameter(converter=whole, validator=Number(gte=1, lte=MOST))] = _DEFAULT,
    json: Json = False,
) -> int:
    """List reviews, the newest first.

    Parameters
    ----------
    status
        Those that are open, approved, declined or closed.
    kind
        Only those of a kind: fraud, compliance or no_score.
    limit
        How many at most.
    """
    with operator() as client:
        found = list(islice(pages(client.reviews.list, status=status, kind=kind), limit))
    if json:
        print_document(Listed(found))
    elif found:
        _show(found)
    else:
        say(f"no review is {status}")
    return 0


def approve(
    *reviews: str,
    reason: str,
    label: Label | None = None,
    all_open: _AllOpen = False,
    kind: ReviewKind | None = None,
    yes: _Yes = False,
    json: Json = False,
) -> int:
    """Let what waits for reviews go on; exit 1 where one of them was not decided.

    Parameters
    ----------
    reviews
        Their ids.
    reason
        Why; it is kept with each: name nobody in it.
    label
        What was found out about the payer: legitimate, fraud or unsure.
    all_open
        All that are open now, instead; it asks first.
    kind
        With --all-open: only those of a kind, fraud, compliance or no_score.
    yes
        With --all-open: do not ask.
    """
    chosen = _chosen(reviews, kind, all_open=all_open)
    return _decide(chosen, Decision("approve", reason_of(reason), label), kind, yes=yes, as_json=json)


def decline(
    *reviews: str,
    reason: str,
    label: Label | None = None,
    all_open: _AllOpen = False,
    kind: ReviewKind | None = None,
    yes: _Yes = False,
    json: Json = False,
) -> int:
    """End what waits for reviews, and give its money back; exit 1 where one of them was not decided.

    Parameters
    ----------
    reviews
        Their ids.
    reason
        Why; it is kept with each: name nobody in it.
    label
        What was found out about the payer: legitimate, fraud or unsure.
    all_open
        All that are open now, instead; it asks first.
    kind
        With --all-open: only those of a kind, fraud, compliance or no_score.
    yes
        With --all-open: do not ask.
    """
    chosen = _chosen(reviews, kind, all_open=all_open)
    return _decide(chosen, Decision("decline", reason_of(reason), label), kind, yes=yes, as_json=json)


def _chosen(reviews: tuple[str, ...], kind: ReviewKind | None, *, all_open: bool) -> list[str] | None:
    """Return the ids that were given, None for all that are open.

    Raises:
        ClusterError: wrong use: both were asked for, or neither.
    """
    if bool(reviews) == all_open:
        raise ClusterError("reviews wants the ids of reviews, or --all-open", WRONG_USE)
    if kind is not None and not all_open:
        raise ClusterError("--kind goes with --all-open", WRONG_USE)
    return None if all_open else list(dict.fromkeys(reviews))


def _decide(chosen: list[str] | None, decision: Decision, kind: ReviewKind | None, *, yes: bool, as_json: bool) -> int:
    layout = Layout.of(None)
    credentials = credentials_of(layout)
    ids = chosen
    if ids is None:
        with operator() as client:
            ids = _all_open(client, kind)
        if not ids:
            say("no review is open")
        elif not yes and not _is_meant(decision.outcome, len(ids), kind):
            say("Nothing was decided")
            return FAILED
    try:
        with bar("Deciding", len(ids)) as advance:
            desk = asyncio.run(decide_all(credentials, ids, decision, advance, passing_over=chosen is None))
    except Stopped as error:
        why = refusal(error.why, layout)
        raise ClusterError(f"After {error.decided:,} of {len(ids):,}: {why}", why.exit_code) from error
    _report(decision.outcome, desk, as_json=as_json)
    return FAILED if desk.failed else 0


def _all_open(client: Client, kind: ReviewKind | None) -> list[str]:
    return [review.id for review in pages(client.reviews.list, status="open", kind=kind)]


def _is_meant(outcome: ReviewOutcome, count: int, kind: ReviewKind | None) -> bool:
    """Ask whether so many are to be decided.

    Raises:
        ClusterError: wrong use: there is nobody to ask.
    """
    which = "open reviews" if kind is None else f"open reviews of the kind {kind}"
    if not sys.stdin.isatty():
        raise ClusterError(f"{count:,} {which} would be {_DONE[outcome]}: --yes says that it is meant", WRONG_USE)
    sys.stderr.write(f"{outcome.capitalize()} {count:,} {which}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _report(outcome: ReviewOutcome, desk: Desk, *, as_json: bool) -> None:
    if as_json:
        print_document(Decided(outcome=outcome, decided=desk.decided, over=desk.over, failed=desk.failed))
    else:
        say(f"{len(desk.decided):,} {_DONE[outcome]}")
    if desk.over:
        say(f"{len(desk.over):,} were over by then, and are left as they are")
    for one in desk.failed[:_SHOWN]:
        say(f"{one.id}: {one.error}")
    if len(desk.failed) > _SHOWN:
        say(f"and {len(desk.failed) - _SHOWN:,} more were not decided")


def _show(found: list[Review]) -> None:
    """Print ids whole: they are what the other commands take."""
    out = console()
    for one in found:
        amount = format_amount(one.amount, one.currency)
        out.print(f"{one.id}  {one.kind:<10}  {one.opened_at:%Y-%m-%d %H:%M}  {amount:>16}", markup=False)
        score = "" if one.score is None else f", score {one.score:.2f}"
        reasons = ", ".join(reason.code for reason in one.reasons)
        for line in wrapped(f"{one.payment_id or one.withdrawal_id}{score}: {reasons or 'no reason is kept'}", 4):
            out.print(line, style="dim", markup=False)
        if one.reason is not None:
            for line in wrapped(f"{one.status} by {one.decided_by}: {one.reason}", 4):
                out.print(line, style="dim", markup=False)
