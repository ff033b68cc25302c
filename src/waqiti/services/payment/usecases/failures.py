"""What went wrong with one payment, apart from what went wrong around it."""

from collections.abc import Awaitable
from typing import Final
from uuid import UUID

import asyncpg

from waqiti.foundation.database import is_retryable
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import Fenced
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.usecases import metrics
from waqiti.services.payment.usecases.deciding import LedgerAway

_MAX_CHARACTERS: Final = 500
_OF_THE_DATA: Final = ("22", "23", "P0")
"""Classes of SQLSTATE that speak of what was to be written: data exception, integrity violation, raised by PL/pgSQL."""

_log = logger(__name__)


def is_of_the_payment(error: Exception) -> bool:
    """Tell whether a payment that was processed alone is itself to blame.

    It is not where our own database is away, read-only, short of a privilege or of a column, where the transaction met
    another one, or where another member owns the batch by now: the same payment may pass later.
    """
    if isinstance(error, DependencyUnavailable | Fenced) or is_retryable(error):
        return False
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_OF_THE_DATA)
    return True


def described(error: Exception) -> str:
    """Return an error as it stands beside a dead letter."""
    return f"{type(error).__name__}: {error}"[:_MAX_CHARACTERS]


async def isolated(work: Awaitable[object], what: str, subject: UUID) -> bool:
    """Await one of many; its failure is logged and counted, so that those after it get their turn. Tell if it was done.

    Raises:
        LedgerAway, DependencyUnavailable: those after it would fare no better.
    """
    try:
        await work
    except (LedgerAway, DependencyUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not stop the others
        metrics.count_stuck(what)
        _log.error("payment_stuck", what=what, id=str(subject), kind=type(error).__name__, exc_info=error)
        return False
    return True
