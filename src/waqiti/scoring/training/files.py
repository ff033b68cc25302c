"""Labelled movements from a CSV file, such as ``waqiti.simulation.write_csv`` makes."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import Final, Literal, TextIO

from waqiti.scoring.movement import Movement
from waqiti.scoring.training.samples import Sample, TrainingDataError

COLUMNS: Final = ("id", "time", "payer", "payee", "amount", "label")
_CURRENCY: Final = "XXX"
"""ISO 4217's code for no currency: all amounts of a file are of one."""
_MOST_DIGITS: Final = 15
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_LABELS: Final[dict[str, Literal[0, 1]]] = {"0": 0, "1": 1}


def read_csv(file: TextIO, label_delay: timedelta) -> Iterator[Sample]:
    """Yield the rows of ``file``, opened with ``newline=""``; a label is known ``label_delay`` after its time.

    It has the columns ``id,time,payer,payee,amount,label`` in any order, and may have more: times in RFC 3339, of the
    years 2000 to 2199, amounts in minor units from 1 on, labels 0 or 1. An empty payee is money that leaves the
    platform.

    Raises:
        UnicodeDecodeError: it is not text in the encoding with which it was opened.
        TrainingDataError: a column is missing, or a line is not like that; the message names the line.
    """
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, [])
        places, fields = _places(header), len(header)
        ids: set[str] = set()
        for row in reader:
            if row:
                _check_fields(row, fields)
                sample = _sample(row, places, label_delay)
                _once(str(sample.movement.id), ids)
                yield sample
    except UnicodeDecodeError:
        raise
    except (ValueError, csv.Error) as error:
        raise TrainingDataError(f"line {max(reader.line_num, 1)}: {error}") from error


def _places(header: list[str]) -> list[int]:
    names = [name.strip().lstrip("\ufeff") for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}: the first line names {','.join(COLUMNS)}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise ValueError(f"a column is named twice: {', '.join(twice)[:80]}")
    return [names.index(name) for name in COLUMNS]


def _check_fields(row: list[str], fields: int) -> None:
    if len(row) != fields:
        raise ValueError(f"there are {'fewer' if len(row) < fields else 'more'} fields than the first line names")
    if any("\0" in field for field in row):
        raise ValueError("a NUL character stands in it")


def _sample(row: list[str], places: list[int], label_delay: timedelta) -> Sample:
    number, time, payer, payee, amount, label = (row[place] for place in places)
    if not number or not payer:
        raise ValueError("id and payer are needed")
    if label not in _LABELS:
        raise ValueError(f"label is 0 or 1, not {label[:40]!r}")
    at = _time(time)
    movement = Movement(
        id=number,
        kind="payment" if payee else "withdrawal",
        payer=intern(payer),
        payee=intern(payee) if payee else None,
        amount=_amount(amount),
        currency=_CURRENCY,
        at=at,
    )
    return Sample(movement, _LABELS[label], at + label_delay)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"time is RFC 3339, as 2025-03-05T12:00:00Z, not {text[:40]!r}") from error
    if at.tzinfo is None:
        raise ValueError(f"time has no zone: {text[:40]}Z is the same in UTC")
    if not _EARLIEST <= at < _LATEST:
        raise ValueError(f"time lies from {_EARLIEST.date()} on and before {_LATEST.date()}, not at {text[:40]!r}")
    return at


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0):
        raise ValueError(f"amount is an integer in minor units, from 1 on, not {text[:40]!r}")
    return int(text)


def _once(number: str, ids: set[str]) -> None:
    if number in ids:
        raise ValueError(f"id {number[:40]!r} stands there twice")
    ids.add(number)
