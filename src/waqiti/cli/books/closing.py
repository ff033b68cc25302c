"""``waqiti ledger close`` and ``closes``: days to which nothing is added any more."""

from itertools import islice
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.books.dates import day_of
from waqiti.cli.calling import operator
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say, wrapped
from waqiti.client import PeriodClose, pages

MOST: Final = 10_000
_DEFAULT: Final = 100


class Listed(msgspec.Struct, frozen=True):
    """What ``closes --json`` prints."""

    closes: list[PeriodClose]


def close(*, through: str, reason: str, json: Json = False) -> int:
    """Close the books up to the end of a day: nothing that is recorded later counts from it or a day before.

    Parameters
    ----------
    through
        The last day of the period, UTC, such as 2026-01-31; it has ended.
    reason
        Why; it is kept with the close.
    """
    with operator() as client:
        closed = client.ledger.close(through=day_of(through, "--through"), reason=reason)
    if json:
        print_document(closed)
    else:
        say(f"the books are closed through {closed.through}, since {closed.closed_at:%Y-%m-%d %H:%M:%S} UTC")
    return 0


def show(*, limit: Annotated[int, Parameter(validator=Number(gte=1, lte=MOST))] = _DEFAULT, json: Json = False) -> int:
    """List closed periods, the newest first.

    Parameters
    ----------
    limit
        How many at most.
    """
    with operator() as client:
        found = list(islice(pages(client.ledger.closes), limit))
    if json:
        print_document(Listed(found))
    elif found:
        for one in found:
            console().print(f"{one.through}  {one.closed_at:%Y-%m-%d %H:%M}, {one.closed_by}", markup=False)
            console().print("\n".join(wrapped(one.reason, 4)), markup=False)
    else:
        say("no period is closed")
    return 0
