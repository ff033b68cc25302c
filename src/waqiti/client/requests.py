"""How requests are written: paths, queries and bodies."""

from datetime import date, datetime
from urllib.parse import quote, urlencode

from waqiti.foundation.clock import rfc3339


def body(**fields: object) -> dict[str, object]:
    """Return the fields that are given; None is not."""
    return {name: value for name, value in fields.items() if value is not None}


def part(identifier: str) -> str:
    """Write an id as a part of a path."""
    return quote(identifier, safe="")


def query(path: str, **parameters: object) -> str:
    """Write a path with the parameters that are given; None is not."""
    given = body(**parameters)
    return f"{path}?{urlencode(given)}" if given else path


def instant(at: date | None) -> str | None:
    """Write a time, or a day."""
    if at is None:
        return None
    return rfc3339(at) if isinstance(at, datetime) else at.isoformat()
