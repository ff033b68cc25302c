"""How often a key may ask: a token bucket per key."""

from collections import OrderedDict
from typing import Final

_MAX_BUCKETS: Final = 10_000


class RateLimit:
    """Token buckets, one per key, the least recently used dropped beyond a bound.

    ``per_second`` tokens flow in, up to ``burst``; a request takes one. A dropped bucket starts full again.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        assert per_second > 0
        assert burst > 0
        self._per_second = per_second
        self._burst = float(burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, key: str, now_seconds: float) -> float:
        """Take a token of ``key``: 0 where there was one, else how long until there is."""
        tokens, last = self._buckets.pop(key, (self._burst, now_seconds))
        tokens = min(self._burst, tokens + max(0.0, now_seconds - last) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[key] = (tokens - 1 if wait == 0 else tokens, now_seconds)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return wait
