"""From samples to minutes, and from minutes to days: counters become increases, gauges their least, mean and most."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

Values = Mapping[int, int | float]
"""The values of one life at one instant, by the number of their series."""

NOTHING: Final[Values] = {}


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """A gauge over a period: ``count`` samples of it were taken."""

    low: float
    mean: float
    high: float
    count: int


class Fold(msgspec.Struct, frozen=True, array_like=True):
    """What a period held of one life; counters that did not move and gauges that were not seen are left out."""

    samples: int
    increases: dict[int, float]
    gauges: dict[int, Spread]


def fold_samples(base: Values, rows: Sequence[Values], counters: frozenset[int]) -> Fold:
    """Fold the samples of a period, oldest first; ``base`` is the one before it, empty where counting began in it.

    Within a life counters never fall; one that does was written by nobody, and counts as not moved.
    """
    last = rows[-1] if rows else base
    increases = {one: moved for one in last.keys() & counters if (moved := last[one] - base.get(one, 0)) > 0}
    seen: dict[int, list[float]] = {}
    for row in rows:
        for one, value in row.items():
            if one not in counters:
                seen.setdefault(one, []).append(value)
    return Fold(len(rows), increases, {one: _spread(values) for one, values in seen.items()})


def merge(folds: Iterable[Fold]) -> Fold:
    """Add up adjacent periods."""
    samples, increases, gauges = 0, dict[int, float](), dict[int, Spread]()
    for fold in folds:
        samples += fold.samples
        for one, moved in fold.increases.items():
            increases[one] = increases.get(one, 0) + moved
        for one, spread in fold.gauges.items():
            gauges[one] = _joined(gauges[one], spread) if one in gauges else spread
    return Fold(samples, increases, gauges)


def _spread(values: Sequence[float]) -> Spread:
    mean = sum(values) / len(values)
    # A whole number takes less room.
    return Spread(min(values), int(mean) if mean % 1 == 0 else mean, max(values), len(values))


def _joined(left: Spread, right: Spread) -> Spread:
    count = left.count + right.count
    mean = (left.mean * left.count + right.mean * right.count) / count
    return Spread(min(left.low, right.low), mean, max(left.high, right.high), count)
