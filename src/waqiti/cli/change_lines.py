"""The table of ``waqiti ops changes``, on 80 columns: a change on a line, and beneath it who made it and why."""

from collections.abc import Iterable, Iterator
from typing import Final

from waqiti.cli.output import WIDTH, Line, printable, wrapped
from waqiti.operations.changes.listing import Changes, ListedChange, Unread
from waqiti.operations.cluster.specification import ChangeEnd

_GAP: Final = "  "
_AT: Final = len("11-27 12:00:00Z")
_KIND: Final = len("environment")
_INDENT: Final = 4
_OUTCOMES: Final[dict[ChangeEnd, str]] = {"complete": "complete", "given_up": "given up", "overtaken": "overtaken"}


def change_lines(found: Changes) -> Iterator[Line]:
    """Say what was changed, newest first; changes of several deployments that were made as one are one."""
    as_far = " as far as is known" if found.unreadable else ""
    if not found.changes:
        yield Line(f"Nothing was changed since {found.since:%Y-%m-%d %H:%M:%S}Z{as_far}.")
    else:
        yield Line(_set("at", "kind", "deployment", "from and to"), "bold")
    groups: dict[tuple[str, ...], list[ListedChange]] = {}
    for one in found.changes:
        groups.setdefault((one.id, one.kind, one.before, one.after), []).append(one)
    for group in groups.values():
        yield from _group(group)
    yield from _unread(found.unreadable)


def _group(group: list[ListedChange]) -> Iterator[Line]:
    one = group[0]
    services = one.service if len(group) == 1 else f"{len(group)} deployments"
    head, text = (f"{one.at:%m-%d %H:%M:%S}Z", one.kind, services), _turn(one.kind, one.before, one.after)
    fits = len(_set(*head, text)) <= WIDTH
    yield Line(_set(*head, text if fits else ""))
    if not fits:
        yield from _beneath(text)
    if len(group) > 1:
        yield from _beneath(f"in {', '.join(sorted(row.service for row in group))}")
    yield from _beneath(f"by {one.actor or 'somebody'}{': ' if one.reason else ''}{one.reason}")
    for row in group:
        yield from _ended(row)


def _ended(one: ListedChange) -> Iterator[Line]:
    if one.outcome in (None, "complete"):
        return
    for text in wrapped(f"{_OUTCOMES[one.outcome]}: {one.why}", _INDENT):
        yield Line(text, "bold red" if one.outcome == "given_up" else "dim")


def _turn(kind: str, before: str, after: str) -> str:
    """Write a setting once where both have its name."""
    name, sets, value = before.partition("=")
    if sets and after.startswith(f"{name}="):
        return printable(f"{name} {value} -> {after.partition('=')[2]}")
    if kind == "environment" and not after:
        return printable(f"{before} -> removed")
    return printable(" -> ".join(filter(None, (before, after))))


def _unread(missing: Iterable[Unread]) -> Iterator[Line]:
    for one in missing:
        for text in wrapped(f"Not known: {one.fact.replace('_', ' ')}. {one.source}: {one.error}.", 0):
            yield Line(text, "bold red")


def _beneath(text: str) -> Iterator[Line]:
    return (Line(line, "dim") for line in wrapped(text, _INDENT))


def _set(at: str, kind: str, service: str, rest: str) -> str:
    return f"{at:<{_AT}}{_GAP}{kind:<{_KIND}}{_GAP}{service:<20}{_GAP}{rest}".rstrip()
