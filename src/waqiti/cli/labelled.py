"""Labelled payments to train or to test on: a file or a town, and which days of it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.switches import wanted
from waqiti.scoring import Movement
from waqiti.scoring.training import Period, Sample, TrainingDataError, read_csv
from waqiti.simulation import Town, payments

TOWN_WORDS: Final = "a simulated town"

_LATEST_LABELS: Final = timedelta(days=365)


def delay_of(text: str) -> timedelta:
    """Read how late labels are, such as ``7d`` or ``12h``.

    Raises:
        ClusterError: it is no such thing.
    """
    return wanted.period_of(text, "--label-delay", longest=_LATEST_LABELS)


def days_of_test(first: str | None, last: str | None) -> Period | None:
    """Read the days to test on; None where none are named.

    Raises:
        ClusterError: one is missing or no date, or they are in the wrong order.
    """
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise ClusterError("--test-from and --test-to go together", WRONG_USE)
    try:
        return Period(_day("--test-from", first), _day("--test-to", last))
    except TrainingDataError as error:
        raise ClusterError(f"--test-from and --test-to: {error}", WRONG_USE) from error


def town_samples(seed: int, residents: int, days: int) -> Iterator[Sample]:
    """Yield a town's payments with their labels and when these became known."""
    for one in payments(Town.of(seed, residents), days):
        movement = Movement(
            id=one.id, payer=one.payer, payee=one.payee, amount=one.amount, currency=one.currency, at=one.time
        )
        yield Sample(movement, one.label, one.label_at)


@contextmanager
def samples_of(path: Path, delay: timedelta) -> Iterator[Iterable[Sample]]:
    """Give the rows of a CSV file, which is open as long as they are read.

    Raises:
        ClusterError: it cannot be read, or what is done with the rows finds them to be no data.
    """
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error.strerror}", WRONG_USE) from error
    with file:
        try:
            yield read_csv(file, delay)
        except UnicodeDecodeError as error:
            raise ClusterError(f"{path} is not text in UTF-8", WRONG_USE) from error
        except TrainingDataError as error:
            raise ClusterError(f"{path}: {error}", WRONG_USE) from error


@contextmanager
def samples_of_town(seed: int, residents: int, days: int) -> Iterator[Iterable[Sample]]:
    """Give the payments of a town.

    Raises:
        ClusterError: there is nothing of it on the days that are wanted.
    """
    try:
        yield town_samples(seed, residents, days)
    except TrainingDataError as error:
        raise ClusterError(f"{TOWN_WORDS}: {error}", WRONG_USE) from error


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ClusterError(f"{option} wants a day such as 2025-06-01, and not {text!r}", WRONG_USE) from None
