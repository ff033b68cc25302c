"""Reading the history, also with ``operations`` dead: what was measured, and never a number that was not.

A metric has a name such as ``payment_total`` and is the sum of all names that it has with labels, such as
``payment_refused_total{reason="funds"}``, which is a metric too. What takes a metric raises ``NoSelector`` where it
cannot be read.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from waqiti.operations.history import store
from waqiti.operations.history.folding import NOTHING, Values
from waqiti.operations.history.names import selector_of
from waqiti.operations.history.writing import DAY, KEPT_MINUTES, KEPT_SAMPLES, MINUTE, milliseconds
from waqiti.operations.state.layout import Layout

_MARGIN: Final = 2 * MINUTE
_SAMPLES: Final = KEPT_SAMPLES // timedelta(milliseconds=1)
_MINUTES: Final = KEPT_MINUTES // timedelta(milliseconds=1)


class NoData(msgspec.Struct, frozen=True, tag="no_data"):
    """Nothing was measured; ``why`` says what."""

    why: str


class HistoryUnreadable(Exception):
    """The history cannot be read; the message says why."""


class Point(msgspec.Struct, frozen=True):
    """A gauge as it stood, or by how much a counter rose up to this instant since the point before."""

    at: datetime
    value: float


class ReplicaSeries(msgspec.Struct, frozen=True):
    """The points of one replica, oldest first; of two replicas that had the name one after the other too."""

    replica: str
    points: list[Point]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a deployment over a period, by replica; a ``counter`` has increases, anything else how it stood."""

    service: str
    metric: str
    counter: bool
    since: datetime
    until: datetime
    replicas: list[ReplicaSeries]


class Increase(msgspec.Struct, frozen=True, kw_only=True):
    """By how much a counter of a deployment rose in a period, over all its replicas; ``samples`` were read."""

    value: float
    samples: int
    since: datetime
    until: datetime


class _Wanted(msgspec.Struct, frozen=True):
    """The series of a metric, those of all its labels, and whether they are counters."""

    series: frozenset[int]
    family: frozenset[int]
    counter: bool


_UNKNOWN: Final = _Wanted(frozenset(), frozenset(), counter=False)


class _Found(msgspec.Struct, frozen=True):
    """One stretch of one life: up to ``at`` its counters rose by ``moved``, and its gauges stood at ``stood``."""

    at: int
    life: store.Life
    moved: Values
    stood: Values
    samples: int

    def value(self, wanted: _Wanted) -> float | None:
        """Return the increase or the value of a metric; a counter that has not counted a label yet stands at 0."""
        if not wanted.counter:
            return _sum(self.stood, wanted.series)
        counts = self.samples > 0 and not self.life.counted.isdisjoint(wanted.family)
        return (_sum(self.moved, wanted.series) or 0.0) if counts else None


def series(
    layout: Layout, service: str, metric: str, since: datetime, until: datetime, step: timedelta | None = None
) -> Series | NoData:
    """Return the points of a metric in a period; with ``step`` one for each of so long, gauges being averaged.

    What is older than six hours has a point a minute, what is older than 35 days one a day.

    Raises:
        HistoryUnreadable: the file cannot be read.
    """
    points: dict[str, list[Point]] = {}
    with _opened(layout) as history:
        wanted = history.wanted(metric)
        for found in history.found(service, since, until):
            value = found.value(wanted)
            if value is not None:
                points.setdefault(found.life.replica, []).append(Point(_instant(found.at), value))
    if not points:
        return _nothing(service, metric)
    rows = [ReplicaSeries(name, _stepped(points[name], step, counter=wanted.counter)) for name in sorted(points)]
    return Series(service=service, metric=metric, counter=wanted.counter, since=since, until=until, replicas=rows)


def increase(layout: Layout, service: str, metric: str, since: datetime, until: datetime) -> Increase | NoData:
    """Return by how much a counter rose in a period; replicas that started anew in it count from nothing.

    Raises:
        HistoryUnreadable: the file cannot be read.
    """
    return increases(layout, service, (metric,), since, until)[metric]


def increases(
    layout: Layout, service: str, metrics: Sequence[str], since: datetime, until: datetime
) -> dict[str, Increase | NoData]:
    """Return by how much counters rose in a period, all as of one reading; see ``increase``.

    Raises:
        HistoryUnreadable: the file cannot be read.
    """
    totals: dict[str, float] = {}
    samples: dict[str, int] = {}
    with _opened(layout) as history:
        wanted = {metric: history.wanted(metric) for metric in metrics}
        for found in history.found(service, since, until):
            for metric, one in wanted.items():
                value = found.value(one) if one.counter else None
                if value is not None:
                    totals[metric] = totals.get(metric, 0.0) + value
                    samples[metric] = samples.get(metric, 0) + found.samples
    return {
        metric: Increase(value=totals[metric], samples=samples[metric], since=since, until=until)
        if metric in totals
        else _nothing(service, metric)
        for metric in metrics
    }


class _History:
    """The file, open to one reading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._series = store.series(connection)

    def wanted(self, metric: str) -> _Wanted:
        """Find the series of a metric: none of one that nobody ever measured, and nobody could have."""
        asked = selector_of(metric)
        named = [row for row in self._series.values() if row.name.partition("{")[0] == asked.name]
        family = [(selector_of(row.name), row) for row in named]
        exact = frozenset(row.id for found, row in family if asked.selects(found))
        if not exact and not any(asked.may_be(found) for found, _ in family):
            return _UNKNOWN
        return _Wanted(exact, frozenset(row.id for row in named), any(row.counter for row in named))

    def lives(self, service: str, since: int) -> dict[int, store.Life]:
        """Return the lives of a deployment's replicas that were sampled from an instant on."""
        return {life.id: life for life in store.lives(self.connection, since - MINUTE) if life.service == service}

    def found(self, service: str, since: datetime, until: datetime) -> Iterator[_Found]:
        """Yield what is known of a period, oldest first: days where nothing finer is kept, then minutes and samples."""
        first, last = milliseconds(since), milliseconds(until)
        lives = self.lives(service, first)
        fine, coarse = self._bounds()
        yield from self._folded("days", lives, first, min(last, coarse))
        yield from self._folded("minutes", lives, max(first, coarse), min(last, fine))
        yield from self._sampled(lives, max(first, fine), last)

    def _bounds(self) -> tuple[int, int]:
        """Return from when on there are samples, and from when on minutes; both a little later than those begin."""
        edges, folded = store.edges(self.connection), store.folded_until(self.connection) or 0
        newest = edges[1] if edges is not None else folded
        fine = min(_up(newest - _SAMPLES + _MARGIN, MINUTE), folded)
        return fine, min(_up(newest - _MINUTES + _MARGIN, DAY), fine // DAY * DAY)

    def _folded(self, table: store.Folded, lives: Mapping[int, store.Life], since: int, until: int) -> Iterator[_Found]:
        length = DAY if table == "days" else MINUTE
        for at, life, fold in store.folds(self.connection, table, since, until, lives.keys()):
            stood = {one: spread.mean for one, spread in fold.gauges.items()}
            yield _Found(at + length, lives[life], fold.increases, stood, fold.samples)

    def _sampled(self, lives: Mapping[int, store.Life], since: int, until: int) -> Iterator[_Found]:
        last: dict[int, Values] = {}
        for at, life, values in store.samples(self.connection, since, until, lives.keys()):
            base = last[life] if life in last else self._base(lives[life], at, values)
            moved = {one: max(0, value - base.get(one, 0)) for one, value in values.items()}
            last[life] = values
            yield _Found(at, lives[life], moved, values, 1)

    def _base(self, life: store.Life, at: int, values: Values) -> Values:
        """Return from what on the first sample of a period counts: the one before it, where there is one."""
        before = store.sample_before(self.connection, at, life.id)
        if before is not None:
            return before
        return NOTHING if life.from_nothing else values


@contextmanager
def _opened(layout: Layout) -> Iterator[_History]:
    try:
        with closing(store.open_reader(layout.history)) as connection:
            yield _History(connection)
    except store.NewerFile:
        raise HistoryUnreadable(f"{layout.history} was written by a newer release: use that one") from None
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise HistoryUnreadable(f"{layout.history} cannot be read: {error}") from error


def _nothing(service: str, metric: str) -> NoData:
    return NoData(f"{metric} of {service} was not measured in this period")


def _sum(values: Values, wanted: frozenset[int]) -> float | None:
    found = [values[one] for one in wanted if one in values]
    return float(sum(found)) if found else None


def _stepped(points: list[Point], step: timedelta | None, *, counter: bool) -> list[Point]:
    if step is None:
        return points
    length = max(1, step // timedelta(milliseconds=1))
    groups: dict[int, list[float]] = {}
    for point in points:
        groups.setdefault(_up(milliseconds(point.at), length), []).append(point.value)
    return [Point(_instant(at), sum(group) / (1 if counter else len(group))) for at, group in groups.items()]


def _up(at: int, length: int) -> int:
    return -(-at // length) * length


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
