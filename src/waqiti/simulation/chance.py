"""Drawing, so that every machine draws the same.

``random.Random`` seeded with a text, integers, and comparisons of its fractions: no logarithm, exponential or normal
variate, whose last digit is the C library's, and no order of a set.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final, TypeVar

Item = TypeVar("Item")

# exp(0.35 z) in thousandths, at 0.2 %, 5 %, 10 % ... 95 %, 99.8 % of a log-normal distribution: prices at one shop.
_SPREAD: Final = (
    *(365, 562, 639, 696, 745, 790, 832, 874, 915, 957, 1000),
    *(1045, 1093, 1144, 1201, 1266, 1343, 1437, 1566, 1778, 2738),
)
_STEP: Final = 1_000


def source(*purpose: object) -> Random:
    """Return a source of its own for ``purpose``, such as a seed and a day."""
    return Random("/".join(str(part) for part in purpose))


def between(chance: Random, low: int, high: int) -> int:
    """Draw an integer, both ends included."""
    return low + chance.randrange(high - low + 1)


def spread(chance: Random, typical: int) -> int:
    """Draw an amount around its median ``typical``, skewed as prices are: 0.37 to 2.74 times of it, at least 1."""
    step, part = divmod(chance.randrange(_STEP * (len(_SPREAD) - 1)), _STEP)
    low, high = _SPREAD[step], _SPREAD[step + 1]
    return max(1, typical * (low + (high - low) * part // _STEP) // 1_000)


def several(chance: Random, items: Sequence[Item], count: int, *, but: Item | None = None) -> list[Item]:
    """Draw ``count`` different items, fewer where there are not as many; never ``but``."""
    drawn = chance.sample(items, min(count + 1, len(items)))
    return [item for item in drawn if item != but][:count]


def instant(chance: Random, day: date, hour: int) -> datetime:
    """Draw a time within an hour (UTC) of ``day``, to the millisecond."""
    begin = datetime.combine(day, time(hour), tzinfo=UTC)
    return begin + timedelta(milliseconds=chance.randrange(3_600_000))
