"""Ordinary names of many countries, as people there are called: given names and family names, written down by hand."""

import csv
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("ordinary_names.csv")


def ordinary_names() -> list[str]:
    """Return some 3,500 names: every given name of a country with every family name of it."""
    return [_written(row, given, family) for row in _rows() for given in _given(row) for family in _family(row)]


def few_ordinary_names() -> list[str]:
    """Return some 350 names: those of each country whose given and family names stand side by side in its row."""
    return [_written(row, *pair) for row in _rows() for pair in zip(_given(row), _family(row), strict=False)]


def _rows() -> list[dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _given(row: dict[str, str]) -> list[str]:
    return row["given"].split("|")


def _family(row: dict[str, str]) -> list[str]:
    return row["family"].split("|")


def _written(row: dict[str, str], given: str, family: str) -> str:
    return f"{family} {given}" if row["family_first"] == "yes" else f"{given} {family}"
