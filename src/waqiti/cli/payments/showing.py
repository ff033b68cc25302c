"""What the commands print, in 80 columns: lines with a style."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from textwrap import wrap
from typing import Final

import msgspec

from waqiti.cli.output import printable
from waqiti.foundation.money import format_amount
from waqiti.operations.facts.reading import Unreadable
from waqiti.operations.payments.ages import until, written
from waqiti.operations.payments.explaining import Booked, Explained, Score, Screening, Summary
from waqiti.operations.payments.redriving import Outcome, RedriveDone
from waqiti.operations.payments.stuck import Shown, Stuck
from waqiti.operations.payments.timeline import Moment

WIDTH: Final = 80
MOST_ROWS: Final = 30
_LABEL: Final = 11
_WHO: Final = 20
_NAME: Final = 25
_VALUE: Final = 10
_HEADING: Final = "bold"
_ALARM: Final = "bold red"
_GAP: Final = "  "
_COMMAND: Final = re.compile(r"(waqiti switch \S+ ISOLATION_MODE .*? --reason \.\.\.)")


class Line(msgspec.Struct, frozen=True):
    """One line, and how it is shown where that can be."""

    text: str
    style: str = ""


def stuck_lines(found: Stuck) -> list[Line]:
    """Say which payments are stuck, oldest first, and what they are about."""
    older = written(timedelta(seconds=found.older_seconds))
    if not found.payments:
        lines = [Line(f"No payment has waited for over {older}.", _HEADING)]
    else:
        amounts = ", ".join(format_amount(one.amount, one.currency) for one in found.amounts)
        noun = "payment has" if found.payments == 1 else "payments have"
        lines = [Line(f"{found.payments:,} {noun} waited for over {older}: {amounts}", _ALARM), Line("")]
        shown = found.listed[:MOST_ROWS]
        lines += _table(_STUCK_TITLES, [_stuck_row(one, found.at) for one in shown], {3})
        lines += _more(found.payments - len(shown))
    lines += _cut_off(found.isolated)
    for total in found.held:
        amount = format_amount(total.amount, total.currency)
        lines.append(Line(f"waiting for people: {total.payments:,} {total.status}, {amount}"))
    return [*lines, *_unreadable(found.unreadable)]


def _cut_off(isolated: Mapping[str, str]) -> Iterator[Line]:
    for service, command in isolated.items():
        yield Line(f"{service} is cut off by ISOLATION_MODE and does nothing until:", _ALARM)
        yield Line(command)


_STUCK_TITLES: Final = ("payment", "reason", "age", "amount", "waits for")


def _stuck_row(one: Shown, now: datetime) -> tuple[str, ...]:
    age = until(now, one.created_at)
    return (one.id, one.reason, age, format_amount(one.amount, one.currency), _stuck_by(one, now))


def _stuck_by(one: Shown, now: datetime) -> str:
    match one.reason:
        case "away":
            return "a service" if one.waits_for is None else one.waits_for.removesuffix("-service")
        case "poison":
            return "its next try" if one.next_try_at is None else f"a try in {until(one.next_try_at, now)}"
        case "queued":
            return "a worker"
        case "lost":
            return "being queued"


def redriven_lines(done: RedriveDone) -> list[Line]:
    """Say what was done about each payment, and what it came to."""
    if not done.wanted:
        return [Line("No payment is stuck: nothing to redrive.", _HEADING)]
    # What still waits is what somebody has to look at: it comes first.
    rows = sorted(done.payments, key=lambda one: one.moved)[:MOST_ROWS]
    if not rows:
        return []
    table = _table(("payment", "was", "done", "is now"), [_redriven_row(one) for one in rows], set())
    return [*table, *_more(len(done.payments) - len(rows))]


def undecided(done: RedriveDone) -> list[str]:
    """Say which payments there are not, and how many of the others still wait; nothing where all is well."""
    unknown = [one.id for one in done.payments if one.action == "unknown"]
    waiting = len(done.stuck) - len(unknown)
    said = [f"There is no payment {one}" for one in unknown[:MOST_ROWS]]
    if waiting > 0:
        said.append(f"{waiting} of {len(done.payments)} are not decided: waqiti payments explain says why")
    return said


def _more(count: int) -> list[Line]:
    return [Line(f"and {count:,} more: --json lists them")] if count > 0 else []


_DONE: Final = {
    "requeued": "queued again",
    "retried": "asked about again",
    "in_line": "stood in line",
    "not_waiting": "nothing to do",
    "unknown": "no such payment",
}


def _redriven_row(one: Outcome) -> tuple[str, ...]:
    return (one.id, one.before or "-", _DONE[one.action], one.after or "-")


def explained_lines(found: Explained) -> list[Line]:
    """Tell a payment's life on one screen."""
    lines = [*_head(found), Line("")]
    if found.payment is not None:
        lines += [*_facts(found.payment), Line("")]
    lines += _timeline(found.timeline)
    if found.payment is not None:
        lines += _money(found, found.payment.currency)
    lines += _decision(found.fraud, found.compliance)
    if found.reviews:
        lines.append(Line("Reviews", _HEADING))
        for review in found.reviews:
            label = f", labelled {review.label}" if review.label else ""
            lines += _labelled(review.kind, f"{review.id} {review.status}{label}")
    lines += _outside(found)
    if found.traces:
        lines.append(Line("Traces", _HEADING))
        lines += [Line(f"{_GAP}{trace}") for trace in found.traces]
    return [*lines, *_unreadable(found.unreadable)]


def _outside(found: Explained) -> Iterator[Line]:
    if found.disputes:
        yield Line("Disputes", _HEADING)
    for dispute in found.disputes:
        yield from _labelled(dispute.status, f"{dispute.id} {dispute.kind}")
    if found.deliveries:
        yield Line("Webhooks", _HEADING)
    for delivery in found.deliveries:
        last = "" if delivery.last is None else f", last {delivery.last}"
        again = "" if delivery.next_at is None else f", next {_instant(delivery.next_at)}"
        tried = f"{delivery.attempts} attempts{last}{again}"
        yield from _labelled(delivery.status, f"{delivery.event} to {delivery.endpoint}")
        yield from _labelled("", tried)


def _head(found: Explained) -> Iterator[Line]:
    payment = found.payment
    if payment is None:
        yield Line(found.id, _HEADING)
    else:
        amount = format_amount(payment.amount, payment.currency)
        yield Line(f"{found.id}  {amount}  {payment.status}", _HEADING)
    # A command stands on a line of its own, so that it can be copied.
    for part in _COMMAND.split(found.stands):
        yield from (Line(text) for text in _wrapped(part, WIDTH))


def _facts(payment: Summary) -> Iterator[Line]:
    fee = f", fee {format_amount(payment.fee, payment.currency)}" if payment.fee else ""
    yield from _labelled("created", f"{_instant(payment.created_at)} by {payment.created_by}")
    yield from _labelled("from", f"{payment.from_wallet}{_GAP}{payment.from_customer}")
    yield from _labelled("to", f"{payment.to_wallet}{_GAP}{payment.to_customer}")
    yield from _labelled("terms", f"{payment.capture} capture{fee}")
    moved = format_amount(payment.amount_captured, payment.currency)
    back = f", {format_amount(payment.amount_refunded, payment.currency)} refunded" if payment.amount_refunded else ""
    yield from _labelled("moved", f"{moved}{back}")
    if payment.deadline_at is not None:
        yield from _labelled("held until", _instant(payment.deadline_at))


def _timeline(moments: Sequence[Moment]) -> Iterator[Line]:
    if not moments:
        return
    day = moments[0].at.date()
    yield Line(f"Timeline of {day} (UTC)", _HEADING)
    for moment in moments:
        if moment.at.date() != day:
            day = moment.at.date()
            yield Line(f"{_GAP}{day}")
        who = printable(moment.who)[:_WHO].ljust(_WHO)
        start = f"{_GAP}{_clock(moment.at)}{_GAP}{who}{_GAP}"
        texts = _wrapped(moment.what, WIDTH - len(start)) or [""]
        yield Line(start + texts[0])
        for text in texts[1:]:
            yield Line(" " * len(start) + text)


def _money(found: Explained, currency: str) -> Iterator[Line]:
    if found.entries:
        yield Line(f"Money in {currency}", _HEADING)
        yield from _table(
            ("at", "transfer", "account", "change", "balance", "held"),
            [_booked_row(entry, currency) for entry in found.entries],
            {3, 4, 5},
        )
    for hold in found.holds:
        if hold.resolved_by is None:
            until_then = "" if hold.expires_at is None else f" until {_instant(hold.expires_at)}"
            yield Line(f"{_GAP}held: {format_amount(hold.amount, currency)}{until_then}")
    for refund in found.refunds:
        failure = f" by {refund.failure_code}" if refund.failure_code else ""
        yield Line(f"{_GAP}{refund.id}  {format_amount(refund.amount, currency)}  {refund.status}{failure}")


def _booked_row(entry: Booked, currency: str) -> tuple[str, ...]:
    change = entry.amount or entry.held_change
    text = f"{_plain(change, currency)}{'' if entry.amount else ' held'}"
    amounts = (text, _plain(entry.balance, currency), _plain(entry.held, currency))
    return (_clock(entry.at), entry.transfer, entry.account, *amounts)


def _decision(fraud: Score | None, screening: Screening | None) -> Iterator[Line]:
    if fraud is None and screening is None:
        return
    yield Line("Decision", _HEADING)
    if fraud is not None:
        by = "rules alone" if fraud.model_version is None else f"model {fraud.model_version}"
        yield from _labelled("fraud", f"{fraud.score:.2f} {fraud.outcome}, by {by}")
        for reason in fraud.reasons:
            yield from _labelled("", f"{reason.code}: {reason.detail}")
        yield from _features(fraud.features)
    if screening is not None:
        limits = "" if screening.limits is None else f"; limits {screening.limits}"
        yield from _labelled("screening", f"{screening.outcome}{limits}")
        for reason in screening.reasons:
            yield from _labelled("", f"{reason.code}: {reason.detail}")


def _features(values: Mapping[str, float | None]) -> Iterator[Line]:
    """Set those that are not 0 in two columns that are read downwards, by name."""
    told = [f"{name.ljust(_NAME)} {_short(values[name]):>{_VALUE}}" for name in sorted(values) if values[name] != 0]
    if told:
        yield Line(f"{_GAP}features")
    half = (len(told) + 1) // 2
    for left, right in zip_longest(told[:half], told[half:], fillvalue=""):
        yield Line(f"{_GAP * 2}{left}{_GAP}{right}".rstrip())


def _short(value: float | None) -> str:
    """Write four significant digits at most."""
    return "unknown" if value is None else f"{float(f'{value:.4g}'):,.12g}"


def _unreadable(missing: Sequence[Unreadable]) -> Iterator[Line]:
    for one in missing:
        for text in _wrapped(f"Not known: {one.fact}. {one.source}: {one.error}.", WIDTH):
            yield Line(text, _ALARM)


def _labelled(label: str, text: str) -> Iterator[Line]:
    indent = _LABEL + len(_GAP)
    texts = _wrapped(text, WIDTH - indent) or [""]
    yield Line(f"{_GAP}{printable(label).ljust(_LABEL)}{texts[0]}")
    for more in texts[1:]:
        yield Line(" " * indent + more)


def _wrapped(text: str, width: int) -> list[str]:
    # A break of lines in a text is a space; whatever else would steer a terminal is shown and does nothing.
    return wrap(printable(text, keep="\n\t"), width)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> list[Line]:
    """Set columns under titles; those in ``right`` stand to the right."""
    every = [titles, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in every) for place in range(len(titles))]

    def line(row: Iterable[str]) -> str:
        cells = [
            cell.rjust(widths[place]) if place in right else cell.ljust(widths[place]) for place, cell in enumerate(row)
        ]
        return (_GAP + _GAP.join(cells)).rstrip()

    return [Line(line(titles), "dim"), *(Line(line(row)) for row in every[1:])]


def _plain(amount: int, currency: str) -> str:
    return format_amount(amount, currency).rpartition(" ")[0]


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
