"""What is to be seen of a demo: bars while it runs, then a table and a few decisions."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from waqiti.cli.output import console
from waqiti.cli.progress import bar
from waqiti.cli.town.explaining import Explanation
from waqiti.cli.town.tally import Line
from waqiti.client import format_amount
from waqiti.simulation import CURRENCY

if TYPE_CHECKING:
    from rich.table import Table


class DemoProgress:
    """A bar on standard error for each part of a demo; a sentence where standard error is no terminal."""

    @contextmanager
    def of(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a part with ``total`` steps; what is given is to be called after each."""
        with bar(title, total) as advance:
            yield advance


def print_outcomes(lines: Iterable[Line]) -> None:
    """Print how many payments ended how."""
    out = console()
    out.print()
    out.print(_table(lines))


def print_explanations(found: Iterable[Explanation]) -> None:
    """Print decisions, each with its reasons."""
    out = console()
    for one in found:
        out.print(f"[bold]{one.title}[/]  {one.payment_id}")
        out.print(f"  {one.sentence}", markup=False)
        for reason in one.reasons:
            out.print(f"    {reason}", markup=False)
        out.print()


def _table(lines: Iterable[Line]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("status", "because", "payments", "amount"):
        table.add_column(title, justify="right" if title in {"payments", "amount"} else "left", no_wrap=True)
    for line in lines:
        table.add_row(line.status, line.code or "", f"{line.payments:,}", format_amount(line.amount, CURRENCY))
    return table
