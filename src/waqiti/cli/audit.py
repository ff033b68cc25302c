"""``waqiti audit verify``: that nobody has changed what was written down."""

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.state import known_state
from waqiti.operations.store import transaction
from waqiti.operations.store.audit import AuditVerdict
from waqiti.operations.store.audit import verify as prove


def verify(*, json: Json = False) -> int:
    """Prove the chain of audit entries from its first one on; exit 1 where it is broken."""
    with transaction(known_state().operations_store) as connection:
        verdict = prove(connection)
    if json:
        print_document(verdict)
    else:
        _show(verdict)
    return 0 if verdict.intact else 1


def _show(verdict: AuditVerdict) -> None:
    out = console()
    if verdict.intact:
        out.print(f"[bold green]The audit is intact[/]: {verdict.entries} entries, the last is {verdict.head[:16]}")
        return
    out.print(f"[bold red]The audit was tampered with[/]: {len(verdict.problems)} findings")
    for problem in verdict.problems:
        out.print(f"  {problem}", markup=False)
