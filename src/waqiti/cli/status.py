"""``waqiti status``: what runs, and why what does not does not."""

from typing import TYPE_CHECKING, Final

from waqiti.cli.options import Json, State
from waqiti.cli.output import console, print_document, say
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.status import ClusterStatus, DeploymentStatus, ReplicaStatus, cluster_status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS: Final = {
    "Ready": "green",
    "Progressing": "cyan",
    "Starting": "cyan",
    "Draining": "cyan",
    "CrashLoopBackOff": "bold red",
}
_MEBIBYTE: Final = 1024**2
_WIDEST: Final = 1000


def status(*, state: State = None, json: Json = False) -> int:
    """Show every process; it reads files and /proc only, and answers also when everything is dead."""
    found = cluster_status(Layout.of(state))
    if json:
        print_document(found)
    elif not found.deployments:
        say(f"{found.state} holds no platform: start one with waqiti up")
    else:
        _show(found)
    return 0


def _show(found: ClusterStatus) -> None:
    out = console()
    postgres = found.postgres
    out.print(f"[bold]{found.base_url}[/]   {found.state}")
    out.print(
        f"init {_pid(found.init.pid)}   supervisor {_pid(found.supervisor.pid)} {_ready(found.supervisor.ready)}   "
        f"PostgreSQL {_pid(postgres.pid)} port {postgres.port or '-'} {_ready(postgres.ready)}\n"
    )
    print_deployments(out, found.deployments)


def print_deployments(out: "Console", deployments: tuple[DeploymentStatus, ...]) -> None:
    """Print a table with a line per replica; it is never cut, however narrow what shows it."""
    table = _table(deployments)
    out.width = max(out.width, out.measure(table, options=out.options.update(width=_WIDEST)).maximum)
    out.print(table)


def _table(deployments: tuple[DeploymentStatus, ...]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("deployment", "ready", "state", "replica", "pids", "port", "restarts", "memory", "last exit"):
        table.add_column(title, justify="right" if title in {"restarts", "memory"} else "left", no_wrap=True)
    for row in deployments:
        first = (row.name, f"{row.ready}/{row.desired}", _coloured(row.state))
        for index, replica in enumerate(row.replicas):
            table.add_row(*(first if index == 0 else ("", "", "")), *_cells(replica))
        if not row.replicas:
            table.add_row(*first)
    return table


def _cells(replica: ReplicaStatus) -> tuple[str, ...]:
    state = "" if replica.state == "Ready" else f" {_coloured(replica.state)}"
    return (
        f"{replica.name}{state}",
        " ".join(f"{process.role} {process.pid}" for process in replica.processes) or "-",
        str(replica.port or "-"),
        str(replica.restarts),
        f"{replica.memory_bytes // _MEBIBYTE} MB",
        _last_exit(replica),
    )


def _last_exit(replica: ReplicaStatus) -> str:
    last = replica.last_exit
    if last is None:
        return ""
    how = f"signal {last.signal}" if last.signal else f"code {'?' if last.code is None else last.code}"
    return f"{last.reason} ({how}) {last.at:%H:%M:%S}"


def _pid(pid: int | None) -> str:
    return str(pid) if pid else "[bold red]not running[/]"


def _ready(ready: bool) -> str:
    return "[green]ready[/]" if ready else "[bold red]not ready[/]"


def _coloured(state: str) -> str:
    return f"[{_COLOURS.get(state, 'yellow')}]{state}[/]"
