"""Spans of time as people say them."""

from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def until(later: datetime, earlier: datetime) -> str:
    """Write the time from ``earlier`` to ``later`` in its two largest units: ``2d 3h``, ``4m 10s``, ``7s``."""
    return written(later - earlier)


def written(span: timedelta) -> str:
    """Write a span in its two largest units; one below zero is ``0s``."""
    seconds = max(int(span.total_seconds()), 0)
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0s"
