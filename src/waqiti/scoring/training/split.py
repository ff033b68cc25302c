"""What is learnt from and what is tested on: by time, as it would have been."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Self

import msgspec
import numpy as np

from waqiti.scoring.state import DAY
from waqiti.scoring.training.samples import TrainingDataError
from waqiti.scoring.training.table import Bools, Ints, Table

MOST_TEST_DAYS: Final = 7
_MOST_WARM_UP: Final = 7 * DAY
_WARM_UP_SHARE: Final = 8
_TEST_SHARE: Final = 4
_VALIDATION_SHARE: Final = 5
_FEWEST_FRAUDS: Final = 2


class Period(msgspec.Struct, frozen=True):
    """Days (UTC), both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise TrainingDataError(f"the test period ends on {self.last} before it begins on {self.first}")

    @classmethod
    def last_of(cls, table: Table) -> Self:
        """Return the last week, or the last quarter where there is less than four weeks."""
        first, last = (datetime.fromtimestamp(int(second), UTC).date() for second in table.seconds[[0, -1]])
        days = min(MOST_TEST_DAYS, max(1, ((last - first).days + 1) // _TEST_SHARE))
        return cls(last - timedelta(days=days - 1), last)

    @property
    def begin(self) -> int:
        """When it begins (seconds since 1970)."""
        return _second(self.first)

    def rows_of(self, table: Table) -> Bools:
        """Return which rows lie in it."""
        return (table.seconds >= self.begin) & (table.seconds < self.end)

    @property
    def end(self) -> int:
        """When it has ended (seconds since 1970)."""
        return _second(self.last) + DAY


class Split(msgspec.Struct, frozen=True):
    """Which rows are for what: ``fit`` and ``validation`` are together what is learnt from."""

    fit: Bools
    validation: Bools
    test: Bools

    @classmethod
    def of(cls, table: Table, period: Period, warm_up: timedelta | None = None) -> Self:
        """Split by time: what is learnt from lies before the period, and its labels were known when that began.

        In the first ``warm_up`` everybody is new, and fraud by them would say that whoever is new is a fraud: nothing
        is learnt from these rows. Unless it is given it is a week, or an eighth of the time before the period.

        The last fifth of it, by time, is for validation: when to stop, and what a score means.

        Raises:
            TrainingDataError: a part is empty, or there is no fraud to learn from.
        """
        first = int(table.seconds[0])
        usual = max(0, min(_MOST_WARM_UP, (period.begin - first) // _WARM_UP_SHARE))
        begin = first + (usual if warm_up is None else int(warm_up.total_seconds()))
        learnt = (table.seconds >= begin) & (table.seconds < period.begin) & (table.known <= period.begin)
        test = period.rows_of(table)
        if not test.any():
            raise TrainingDataError(f"there is no row in the test period {period.first} to {period.last}")
        border = _border(table.seconds[learnt & table.labels], period)
        split = cls(learnt & (table.seconds < border), learnt & (table.seconds >= border), test)
        for part, name in ((split.fit, "to learn from"), (split.validation, "to validate with")):
            if not table.labels[part].any() or table.labels[part].all():
                raise TrainingDataError(
                    f"before {period.first} there are not both fraud and other rows {name} whose labels were known"
                )
        return split


def _border(frauds: Ints, period: Period) -> int:
    """Return when validation begins: at the day that leaves a fifth of the known frauds, at most, before it ends."""
    if len(frauds) < _FEWEST_FRAUDS:
        raise TrainingDataError(f"before {period.first} fewer than two frauds were known: nothing can be learnt")
    border = int(np.sort(frauds)[-max(1, len(frauds) // _VALIDATION_SHARE)])
    day = border // DAY * DAY
    return day if day > frauds.min() else border


def _second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
