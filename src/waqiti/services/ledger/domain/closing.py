"""Closed periods: days to which nothing is added any more."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import PERIOD_CLOSED
from waqiti.foundation.errors import Problem
from waqiti.services.ledger.domain.days import FIRST_DAY


class CloseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A close as it is stored."""

    id: UUID
    through: date
    closed_at: datetime
    closed_by: str
    reason: str


def check_ended(through: date, now: datetime) -> None:
    """Raise 422 ``invalid_request`` where a period has not ended: what may still come belongs into it."""
    if not FIRST_DAY <= through < now.date():
        raise Problem.invalid(
            "A period is closed through a day that has ended (UTC), from 1970 on.", pointer="/through"
        )


def closed(detail: str) -> Problem:
    """Build the 409 ``period_closed``."""
    return Problem(409, PERIOD_CLOSED, detail)
