"""Days and times as commands take them."""

from datetime import date

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
