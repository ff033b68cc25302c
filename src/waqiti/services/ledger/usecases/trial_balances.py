"""Reading trial balances."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from waqiti.contracts.public.ledger import TrialBalance
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import LAST_ID
from waqiti.foundation.money import checked_currency
from waqiti.services.ledger.domain.days import ends, read_day, starts
from waqiti.services.ledger.domain.trial_balance import AccountRow, by_currency
from waqiti.services.ledger.store import closes, trial_balances
from waqiti.services.ledger.usecases.whole import WholeBooks

PROVISIONAL: Final = timedelta(seconds=1)


async def read(books: WholeBooks, day_text: str, currency: str | None) -> TrialBalance:
    """Read the trial balance of a day; all sums are of one snapshot.

    Raises:
        Problem: 422 where there is no such day or currency.
    """
    now = utc_now()
    day = read_day(day_text, "?date", now)
    _check_currency(currency)
    async with books.snapshot() as connection:
        through = await closes.through(connection)
        rows = await trial_balances.by_kind(connection, starts(day), ends(day), currency)
    return TrialBalance(
        date=day,
        closed=through is not None and day <= through,
        provisional=now < ends(day) + PROVISIONAL,
        currencies=by_currency(rows),
    )


async def read_accounts(
    database: Database, day_text: str, currency: str | None, before: UUID | None, limit: int
) -> Sequence[AccountRow]:
    """Read the next accounts of a day's trial balance, those without an entry too, the newest first.

    Raises:
        Problem: 422 where there is no such day or currency.
    """
    day = read_day(day_text, "?date", utc_now())
    _check_currency(currency)
    async with database.connection() as connection:
        return await trial_balances.by_account(
            connection, starts(day), ends(day), currency, LAST_ID if before is None else before, limit
        )


def _check_currency(currency: str | None) -> None:
    if currency is not None:
        checked_currency(currency, "?currency")
