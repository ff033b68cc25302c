"""``waqiti ledger verify``: the books, proved."""

import asyncio
import json as json_module
from typing import TYPE_CHECKING

from waqiti.cli.options import Json, State
from waqiti.cli.output import console, print_document
from waqiti.contracts.catalog import LEDGER
from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.services.ledger.usecases.verify import verify as prove

if TYPE_CHECKING:
    from waqiti.services.ledger.usecases.verify import Verdict


def verify(*, quick: bool = False, state: State = None, json: Json = False) -> int:
    """Prove that the books balance; exit 1 where they do not. ``--quick`` looks at the last ten minutes."""
    verdict = asyncio.run(prove(_database(Layout.of(state)), quick=quick))
    if json:
        print_document(verdict)
    else:
        _show(verdict)
    return 0 if verdict.balanced else 1


def _database(layout: Layout) -> str:
    path = layout.credentials
    try:
        credentials = json_module.loads(path.read_text())
    except OSError as error:
        raise ClusterError(f"{path} cannot be read ({error.strerror}): start a platform with waqiti up") from error
    return str(credentials["databases"][LEDGER])


def _show(verdict: "Verdict") -> None:
    out = console()
    if verdict.balanced:
        out.print(
            f"[bold green]The books balance[/]: {verdict.transfers:,} transfers over {verdict.accounts:,} accounts"
        )
        return
    out.print(f"[bold red]The books do not balance[/]: {len(verdict.problems)} findings")
    for problem in verdict.problems:
        out.print(f"  {problem.check}  {problem.subject}  {problem.detail}")
