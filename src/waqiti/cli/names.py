"""``waqiti compliance screen`` and ``compare``: what names are found on lists, and how alike two names are."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.tables import read_columns
from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.services.compliance.domain.likeness import Likeness, outcome_of
from waqiti.services.compliance.domain.names import parse
from waqiti.services.compliance.domain.screening import Match, WatchList, strongest

_DIGITS: Final = 4
_COLOURS: Final = {"clear": "green", "possible": "yellow", "confirmed": "bold red"}
_PAIR: Final = 2


class Compared(msgspec.Struct, frozen=True):
    """What ``compare --json`` prints of each pair."""

    left: str
    right: str
    score: float
    outcome: ScreeningOutcome


class ScreenedName(msgspec.Struct, frozen=True):
    """What ``screen --json`` prints of each name."""

    name: str
    outcome: ScreeningOutcome
    score: float
    list_version: str
    matches: list[Match]


def compare(*names: str, file: Path | None = None, json: Json = False) -> int:
    """Say how alike two names are, from 0 to 1, and what that means; no platform is needed.

    Parameters
    ----------
    names
        Two names.
    file
        Compare the pairs of a CSV file instead, with the columns left and right.
    """
    if (file is None and len(names) != _PAIR) or (file is not None and names):
        raise ClusterError("compare wants two names, or --file PAIRS.csv", WRONG_USE)
    pairs = [(names[0], names[1])] if file is None else [(row[0], row[1]) for row in read_columns(file, _SIDES)]
    likeness = Likeness()
    compared = (_compared(likeness, left, right) for left, right in pairs)
    if json:
        _print_lines(compared)
    else:
        _show(
            ["left", "right", "score", "outcome"], [[one.left, one.right, one.score, one.outcome] for one in compared]
        )
    return 0


_SIDES: Final = ("left", "right")


def screen(name: str | None = None, /, *, file: Path | None = None, json: Json = False) -> int:
    """Look names up among the lists of the running platform, as a new customer's name is.

    Parameters
    ----------
    name
        The name.
    file
        Screen the names of a CSV file instead, with the column name.
    """
    if (name is None) == (file is None):
        raise ClusterError("screen wants a name, or --file NAMES.csv", WRONG_USE)
    if name is not None and not parse(name).words:
        raise ClusterError(f"{name!r} is no name: it has neither letters nor digits", WRONG_USE)
    names = [name] if name is not None else [row[0] for row in read_columns(file, ("name",))] if file else []
    watch_list = _lists_in_use(Layout.of(None))
    screened = (_screened(watch_list, one) for one in names)
    if json:
        _print_lines(screened)
    else:
        _show(["name", "outcome", "score", "found as", "reference"], _rows(screened))
    return 0


def _compared(likeness: Likeness, left: str, right: str) -> Compared:
    score = likeness.score(parse(left), parse(right))
    return Compared(left, right, round(score, _DIGITS), outcome_of(score))


def _screened(watch_list: WatchList, name: str) -> ScreenedName:
    matches = watch_list.screen(name)
    shown = [msgspec.structs.replace(match, score=round(match.score, _DIGITS)) for match in matches]
    outcome = strongest(match.outcome for match in matches)
    return ScreenedName(name, outcome, shown[0].score if shown else 0.0, watch_list.version, shown)


def _lists_in_use(layout: Layout) -> WatchList:
    from waqiti.cli.databases import no_answer, read_databases
    from waqiti.contracts.catalog import COMPLIANCE
    from waqiti.foundation.errors import DependencyUnavailable
    from waqiti.services.compliance.service import shipped_source
    from waqiti.services.compliance.usecases.lists import in_use

    url = read_databases(layout)[COMPLIANCE]
    try:
        return asyncio.run(in_use(url, shipped_source()))
    except DependencyUnavailable as error:
        raise no_answer(layout) from error


def _print_lines(documents: Iterable[object]) -> None:
    for document in documents:
        print_document(document)


def _rows(screened: Iterable[ScreenedName]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for one in screened:
        if not one.matches:
            rows.append([one.name, one.outcome, "", "", ""])
        for index, match in enumerate(one.matches):
            rows.append([one.name if index == 0 else "", match.outcome, match.score, match.name, match.reference])
    return rows


def _show(titles: list[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title == "score" else "left")
    for row in rows:
        table.add_row(*(_cell(value) if isinstance(value, float) else escape(str(value)) for value in row), style=None)
    console().print(table)


def _cell(score: float) -> str:
    return f"{score:.2f}"
