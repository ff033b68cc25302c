"""``waqiti ledger trial-balance``: what stood, came and went on a day, down to every account."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from waqiti.cli.books.dates import day_of
from waqiti.cli.calling import operator
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.client import Client, format_amount, pages
from waqiti.contracts.ledger import AccountKind
from waqiti.contracts.public.ledger import AccountBalance, CurrencyBalance, KindBalance, TrialBalance
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError

_ATTEMPTS: Final = 3
_COLUMNS: Final = ("date", "currency", "kind", "account", "opening", "debits", "credits", "closing")

_Accounts = Annotated[bool, Parameter(name="--accounts", negative="")]
_Csv = Annotated[bool, Parameter(name="--csv", negative="")]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What ``trial-balance --json`` prints: the sums by currency and kind, and every account."""

    date: date
    closed: bool
    provisional: bool
    balanced: bool
    currencies: list[CurrencyBalance]
    accounts: list[AccountBalance]


def show(
    *,
    date: Annotated[str, Parameter(name="--date")],
    currency: str | None = None,
    accounts: _Accounts = False,
    json: Json = False,
    csv: _Csv = False,
) -> int:
    """Show what stood, came and went on a day, by currency, kind and account; exit 1 where it does not sum to zero.

    Parameters
    ----------
    date
        The day, UTC, such as 2026-01-31.
    currency
        Of this currency only.
    accounts
        Show every account as well; --json and --csv have them in any case.
    csv
        Write every account as CSV instead, amounts in minor units.
    """
    if json and csv:
        raise ClusterError("trial-balance writes --json or --csv, not both", WRONG_USE)
    with operator() as client:
        found = _read(client, day_of(date, "--date"), currency)
    if json:
        print_document(found)
    elif csv:
        _write(found)
    else:
        _show(found, accounts=accounts)
    return 0 if found.balanced else FAILED


def _read(client: Client, day: date, currency: str | None) -> Listed:
    """Read the sums and the accounts until they are of the same books: entries may be dated back in between.

    Raises:
        ClusterError: the day does not come to rest.
    """
    for _ in range(_ATTEMPTS):
        sums = client.ledger.trial_balance(day, currency=currency)
        accounts = list(pages(client.ledger.trial_balance_accounts, day, currency=currency))
        if _by_kind(accounts) == _kinds_of(sums):
            break
    else:
        raise ClusterError(f"{day} is still being booked: ask again, or for a day that has ended", FAILED)
    return Listed(
        date=sums.date,
        closed=sums.closed,
        provisional=sums.provisional,
        balanced=all(one.balanced for one in sums.currencies),
        currencies=sums.currencies,
        accounts=sorted(accounts, key=lambda one: (one.currency, one.kind, one.account)),
    )


_Sums = tuple[int, int, int, int]


def _kinds_of(sums: TrialBalance) -> dict[tuple[str, AccountKind], _Sums]:
    return {
        (of.currency, one.kind): (one.accounts, one.opening, one.debits, one.credits)
        for of in sums.currencies
        for one in of.kinds
    }


def _by_kind(accounts: Iterable[AccountBalance]) -> dict[tuple[str, AccountKind], _Sums]:
    found: dict[tuple[str, AccountKind], _Sums] = {}
    for one in accounts:
        count, opening, debits, credits_ = found.get((one.currency, one.kind), (0, 0, 0, 0))
        found[one.currency, one.kind] = (count + 1, opening + one.opening, debits + one.debits, credits_ + one.credits)
    return found


def _write(found: Listed) -> None:
    """Write the accounts as CSV (RFC 4180) with a header."""
    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for one in found.accounts:
        sums = (one.opening, one.debits, one.credits, one.closing)
        writer.writerow((found.date.isoformat(), one.currency, one.kind, one.account, *sums))
    sys.stdout.flush()


def _show(found: Listed, *, accounts: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    if not found.currencies:
        say(f"nothing was booked up to {found.date}")
    for of in found.currencies:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for title in (of.currency, "opening", "debits", "credits", "closing"):
            table.add_column(title, justify="left" if title == of.currency else "right")
        for kind in of.kinds:
            table.add_row(f"{kind.kind} ({kind.accounts:,})", *_amounts(kind, of.currency))
        table.add_row("all", *_amounts(of, of.currency), style="bold green" if of.balanced else "bold red")
        console().print(table)
    if accounts:
        _show_accounts(found.accounts)
    say(_standing(found))


def _show_accounts(accounts: Sequence[AccountBalance]) -> None:
    """Print ids whole, whatever the terminal's width: they are what other commands take."""
    lines = console()
    for one in accounts:
        opening, debits, credits_, closing = _amounts(one, one.currency)
        lines.print(f"{one.account}  {opening} - {debits} + {credits_} = {closing} {one.currency}", markup=False)


def _amounts(of: AccountBalance | KindBalance | CurrencyBalance, currency: str) -> Sequence[str]:
    amounts = (of.opening, of.debits, of.credits, of.closing)
    return [format_amount(amount, currency).removesuffix(f" {currency}") for amount in amounts]


def _standing(found: Listed) -> str:
    if found.closed:
        return f"{found.date} is closed: nothing can be added to it"
    return f"{found.date} is provisional: it has not ended" if found.provisional else f"{found.date} is not closed yet"
