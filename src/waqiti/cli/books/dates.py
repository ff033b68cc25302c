"""Days and times as commands take them: in UTC where they do not say otherwise."""

from datetime import UTC, date, datetime, time

from waqiti.operations.errors import WRONG_USE, ClusterError


def day_of(text: str, option: str) -> date:
    """Read a day.

    Raises:
        ClusterError: it is none.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ClusterError(f"{option} wants a day, such as 2026-01-31", WRONG_USE)
    return day


def instant_of(text: str, option: str) -> datetime:
    """Read a time with its offset, or a day for its first instant.

    Raises:
        ClusterError: it is neither.
    """
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(day_of(text, option), time(), UTC)
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ClusterError(f"{option} wants a time, such as 2026-01-31T12:00:00Z, or a day", WRONG_USE)
    return instant
