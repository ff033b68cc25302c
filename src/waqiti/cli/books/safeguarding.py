"""``waqiti ledger safeguarding``: whether what customers are owed lies at the rails."""

from typing import Annotated

from cyclopts import Parameter

from waqiti.cli.books.dates import instant_of
from waqiti.cli.calling import operator
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.client import Safeguarding, format_amount
from waqiti.contracts.public.ledger import Covered
from waqiti.operations.errors import FAILED


def show(*, as_of: Annotated[str | None, Parameter(name="--as-of")] = None, json: Json = False) -> int:
    """Check that what customers are owed lies at the rails, by currency; exit 1 where it does not.

    Parameters
    ----------
    as_of
        A time or a day (its first instant), UTC, of effective time. By default now.
    """
    with operator() as client:
        found = client.ledger.safeguarding(as_of=None if as_of is None else instant_of(as_of, "--as-of"))
    if json:
        print_document(found)
    else:
        _show(found)
    return 0 if found.holds else FAILED


def _show(found: Safeguarding) -> None:
    lines = console()
    for one in found.currencies:
        style, verdict = ("green", "covered") if one.holds else ("bold red", "not covered")
        lines.print(f"{one.currency}: {verdict}", style=style)
        for title, amount in _parts(one):
            lines.print(f"  {title:<28}{format_amount(amount, one.currency):>22}")
    if not found.currencies:
        say("there is no account")
    say(f"as of {found.as_of:%Y-%m-%d %H:%M:%S} UTC" + (", provisional" if found.provisional else ""))


def _parts(of: Covered) -> list[tuple[str, int]]:
    return [
        ("at the rails", of.rail),
        ("owed to customers", of.customers),
        ("in suspense", of.suspense),
        ("fees", of.fees),
        ("liquidity", of.liquidity),
        ("overdrawn wallets", of.overdrawn),
        ("difference, to be zero", of.difference),
        ("not covered, to be zero", of.uncovered),
    ]
