"""Statements: what was booked to a wallet in a period, between two balances that it adds up to."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

import msgspec

from waqiti.contracts.ledger import Entry
from waqiti.foundation.errors import Problem

MAX_LINES: Final = 10_000
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Period(msgspec.Struct, frozen=True):
    """From ``start`` to before ``end``."""

    start: datetime
    end: datetime


def period(start: str | None, end: str | None, *, since: datetime, now: datetime) -> Period:
    """Read a period; it begins with the wallet and ends now where nothing is said.

    Raises:
        Problem: 422 ``invalid_request`` where a bound is no RFC 3339 time or date, or they are the wrong way round.
    """
    begins = since if start is None else instant(start, "from")
    ends = now if end is None else instant(end, "to", whole_day=True)
    if begins > ends:
        raise Problem.invalid("The period ends before it begins.", pointer="?to")
    return Period(begins, ends)


def instant(text: str, parameter: str, *, whole_day: bool = False) -> datetime:
    """Read an RFC 3339 time, or a date for its midnight in UTC (the one after it where ``whole_day``).

    No money is older than 1970: earlier times count as its beginning.

    Raises:
        Problem: 422 ``invalid_request`` naming the query parameter.
    """
    try:
        if len(text) == len("2026-01-01"):
            midnight = datetime.combine(msgspec.convert(text, date), time(), UTC)
            return max(midnight + timedelta(days=1 if whole_day else 0), _EARLIEST)
        return max(msgspec.convert(text, _Instant).astimezone(UTC), _EARLIEST)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Problem.invalid("This is no RFC 3339 time or date.", pointer=f"?{parameter}") from error


def booked(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out what only held or released."""
    return [entry for entry in entries if entry.amount != 0]
