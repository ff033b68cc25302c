"""Ordinary names of many countries, as people there are called: given names and family names, written down by hand."""

import csv
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("ordinary_names.csv")
_LATER: Final = Path(__file__).with_name("ordinary_names_later.csv")


def ordinary_names() -> list[str]:
    """Return some 2,800 names: every given name of a country with every family name of it."""
    return _every(_rows(_FILE))


def later_names() -> list[str]:
    """Return some 1,000 more, written down after the thresholds and the table of common words were made."""
    return _every(_rows(_LATER))


def few_ordinary_names() -> list[str]:
    """Return some 350 names: those of each country whose given and family names stand side by side in its row."""
    return [_written(row, *pair) for row in _rows(_FILE) for pair in zip(_given(row), _family(row), strict=False)]


def _every(rows: list[dict[str, str]]) -> list[str]:
    return [_written(row, given, family) for row in rows for given in _given(row) for family in _family(row)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _given(row: dict[str, str]) -> list[str]:
    return row["given"].split("|")


def _family(row: dict[str, str]) -> list[str]:
    return row["family"].split("|")


def _written(row: dict[str, str], given: str, family: str) -> str:
    return f"{family} {given}" if row["family_first"] == "yes" else f"{given} {family}"
