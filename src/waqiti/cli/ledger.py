"""``waqiti ledger verify``: the books, proved."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from waqiti.cli.databases import no_answer, read_databases
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.contracts.catalog import LEDGER, PAYMENT, WALLET
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.operations.state.layout import Layout
from waqiti.services.ledger.usecases.verify import verify as prove
from waqiti.services.payment.usecases.attestations import open_attestations as of_payments
from waqiti.services.wallet.usecases.attestations import open_attestations as of_movements

if TYPE_CHECKING:
    from waqiti.services.ledger.usecases.verify import Verdict


def verify(*, quick: Annotated[bool, Parameter(negative="")] = False, json: Json = False) -> int:
    """Prove that the books balance and bear out what every payment says; exit 1 where they do not.

    Parameters
    ----------
    quick
        Look at the last ten minutes only.
    """
    verdict = prove_books(Layout.of(None), quick=quick)
    if json:
        print_document(verdict)
    else:
        show_verdict(verdict)
    return 0 if verdict.balanced else 1


def prove_books(layout: Layout, *, quick: bool = False) -> "Verdict":
    """Prove the books of a state directory.

    Raises:
        ClusterError: there are none, or their database does not answer.
    """
    databases = read_databases(layout)
    attesting = [partial(of_payments, databases[PAYMENT]), partial(of_movements, databases[WALLET])]
    try:
        return asyncio.run(prove(databases[LEDGER], attesting, quick=quick))
    except DependencyUnavailable as error:
        raise no_answer(layout) from error


def show_verdict(verdict: "Verdict") -> None:
    """Print whether the books balance, and what does not."""
    out = console()
    if verdict.balanced:
        out.print(
            f"[bold green]The books balance[/]: {verdict.transfers:,} transfers over {verdict.accounts:,} accounts"
        )
        return
    out.print(f"[bold red]The books do not balance[/]: {len(verdict.problems)} findings")
    for problem in verdict.problems:
        out.print(f"  {problem.check}  {problem.subject}  {problem.detail}")
