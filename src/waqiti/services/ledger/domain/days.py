"""Days of the books: from midnight to midnight, UTC."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

import msgspec

from waqiti.foundation.errors import Problem

FIRST_DAY: Final = date(1970, 1, 1)
"""No money is older."""
_ONE: Final = timedelta(days=1)
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


def starts(day: date) -> datetime:
    """Return the first instant of a day."""
    return datetime.combine(day, time(), UTC)


def ends(day: date) -> datetime:
    """Return the first instant after a day."""
    return starts(day) + _ONE


def read_day(text: str, pointer: str, now: datetime) -> date:
    """Read the date of a day that has begun.

    Raises:
        Problem: 422 ``invalid_request`` where it is none.
    """
    try:
        day = msgspec.convert(text, date)
    except msgspec.ValidationError as error:
        raise Problem.invalid("This is no date, such as 2026-01-31.", pointer=pointer) from error
    if not FIRST_DAY <= day <= now.date():
        raise Problem.invalid("The books hold days from 1970 to today (UTC).", pointer=pointer)
    return day


def read_instant(text: str, pointer: str, now: datetime) -> datetime:
    """Read an RFC 3339 time that has come, or a date for its midnight.

    Raises:
        Problem: 422 ``invalid_request`` where it is none.
    """
    try:
        is_date = len(text) == len("2026-01-31")
        instant = starts(msgspec.convert(text, date)) if is_date else msgspec.convert(text, _Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Problem.invalid("This is no RFC 3339 time or date.", pointer=pointer) from error
    check_past(instant, pointer, now)
    return instant


def check_past(instant: datetime, pointer: str, now: datetime) -> None:
    """Raise 422 ``invalid_request`` where an instant has not come, or is older than money."""
    if not starts(FIRST_DAY) <= instant <= now:
        raise Problem.invalid("A time of the books lies between 1970 and now.", pointer=pointer)
