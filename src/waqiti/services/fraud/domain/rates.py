"""How often what is legitimate is flagged, with its uncertainty."""

import math
from typing import Final

import msgspec

_Z_95: Final = 1.959963984540054
_PLACES: Final = 6


class Rate(msgspec.Struct, frozen=True):
    """A share with the bounds of its 95 % interval, each 0..1."""

    share: float
    low: float
    high: float


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Legitimate movements of a window: those that the score flagged, and those that it approved."""

    flagged: int
    presumed: int

    def rate(self) -> Rate | None:
        """Return the share of them that was flagged; None where there are none."""
        total = self.flagged + self.presumed
        return share(self.flagged, total) if total else None


def share(hits: int, total: int) -> Rate:
    """Return ``hits`` of ``total`` with the interval of Wilson (1927), the score interval, at z = 1.96."""
    assert 0 <= hits <= total
    assert total > 0
    found, squared = hits / total, _Z_95 * _Z_95
    middle = (found + squared / (2 * total)) / (1 + squared / total)
    half = _Z_95 / (1 + squared / total) * math.sqrt(found * (1 - found) / total + squared / (4 * total * total))
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == total else middle + half
    return Rate(round(found, _PLACES), round(low, _PLACES), round(high, _PLACES))
