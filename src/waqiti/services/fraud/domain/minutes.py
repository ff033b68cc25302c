"""Minutes of movements."""

from datetime import UTC, datetime, timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_AGES: Final = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=23))
"""How long after its end a minute is counted, the first time and again: some movements are scored late."""


def minute_of(at: datetime) -> datetime:
    """Return the beginning of the minute of ``at``."""
    return _EPOCH + (at - _EPOCH) // MINUTE * MINUTE


def finished(since: datetime, now: datetime, most: int) -> list[datetime]:
    """List the next minutes from ``since`` on, at most ``most``, that ended long enough before ``now``."""
    count = (now - _AGES[0] - since) // MINUTE
    return [since + number * MINUTE for number in range(min(most, max(0, count)))]


def counted_again(minute: datetime, now: datetime) -> datetime | None:
    """Return when a minute that is counted at ``now`` is to be counted again; None where that was the last time."""
    return next((at for age in _AGES if (at := minute + MINUTE + age) > now), None)
