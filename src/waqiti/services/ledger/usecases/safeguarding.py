"""The safeguarding check."""

from datetime import timedelta
from typing import Final

from waqiti.contracts.public.ledger import Safeguarding
from waqiti.foundation.clock import utc_now
from waqiti.services.ledger.domain.days import read_instant
from waqiti.services.ledger.domain.safeguarding import covered
from waqiti.services.ledger.store import positions, proofs
from waqiti.services.ledger.usecases.whole import WholeBooks

PROVISIONAL: Final = timedelta(seconds=1)


async def check(books: WholeBooks, as_of: str | None) -> Safeguarding:
    """Check every currency now, or as of an instant of effective time.

    Raises:
        Problem: 422 where ``as_of`` is no time that has come.
    """
    instant = None if as_of is None else read_instant(as_of, "?as_of", utc_now())
    async with books.snapshot() as connection:
        now = await proofs.database_now(connection)
        found = await (positions.now(connection) if instant is None else positions.as_of(connection, instant))
    currencies = [covered(one) for one in found]
    return Safeguarding(
        as_of=instant or now,
        holds=all(one.holds for one in currencies),
        provisional=instant is None or instant > now - PROVISIONAL,
        currencies=currencies,
    )
