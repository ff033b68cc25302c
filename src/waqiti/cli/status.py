"""``waqiti status``: what runs, and why what does not does not."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from waqiti.cli.cluster.revision_lines import running_lines
from waqiti.cli.options import Json, State
from waqiti.cli.output import console, print_document, printable
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.status import (
    ClusterStatus,
    DeploymentStatus,
    PostgresStatus,
    ReplicaExit,
    ReplicaStatus,
    SupervisorStatus,
    cluster_status,
)
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import read_plan
from waqiti.operations.switches.modes import ModeOn

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
_LINE: Final = 80
_FEW: Final = 2
_COLUMNS: Final = ("deployment", "ready", "state", "pids", "port", "restarts", "MB")
_NUMBERS: Final = {"port", "restarts", "MB"}
# Between columns; the narrow one is for a terminal that the wide one does not fit.
_GAP: Final = 2
_NARROW_GAP: Final = 1


def status(*, state: State = None, json: Json = False) -> int:
    """Show every process; it reads files and /proc only, and answers also when everything is dead."""
    layout = Layout.of(state)
    found = cluster_status(layout)
    if json:
        print_document(found)
    elif not found.anything_runs:
        console().print(what_is_instead(layout), markup=False)
    else:
        _show(found)
    return 0


def what_is_instead(layout: Layout) -> str:
    """Say what there is in a state directory where nothing runs, and what to do."""
    if layout.credentials.exists():
        return f"Stopped; the data is in {layout.root}: waqiti up goes on with it"
    if read_plan(layout) is not None:
        return "Nothing has run here yet: waqiti up starts it"
    return f"{layout.root} holds no platform: start one with waqiti up"


def _show(found: ClusterStatus) -> None:
    out = console()
    address = (f"[bold]{found.base_url}[/]", found.state)
    gap = "   " if len(f"{found.base_url}   {found.state}") <= out.width else "\n"
    out.print(gap.join(address))
    out.print(
        f"init {_pid(found.init.pid)}   supervisor {_supervisor(found.supervisor)}   "
        f"PostgreSQL {_postgres(found.postgres)}\n"
    )
    print_deployments(out, found.deployments)
    for line in running_lines(found.deployments):
        out.print(line, markup=False)
    for line in note_lines(found):
        out.print(line, style="bold yellow", markup=False)
    for line in mode_lines(found.modes):
        out.print(line, style="bold yellow", markup=False)


def note_lines(found: ClusterStatus) -> Iterator[str]:
    """Say what is wrong with what keeps the deployments, and what of them was lost."""
    notes = [found.init.note, found.supervisor.note]
    notes += [f"{row.name}: {row.note}" for row in found.deployments if row.note]
    for note in filter(None, notes):
        yield from wrap(printable(note), _LINE, subsequent_indent="  ")


def mode_lines(modes: Iterable[ModeOn]) -> Iterator[str]:
    """Say of each mode that is on where, who set it, why and until when; what 80 columns do not hold goes on below."""
    for mode in modes:
        services = (
            "every deployment that has it"
            if mode.everywhere and len(mode.services) > _FEW
            else ", ".join(mode.services)
        )
        who = "by the environment" if mode.owner is None else f"by {mode.owner}"
        end = "" if mode.expires_at is None else f", until {_when(mode.expires_at)}"
        why = f": {mode.reason}" if mode.reason else ""
        yield from wrap(printable(f"{mode.name} is on at {services}, {who}{end}{why}"), _LINE, subsequent_indent="  ")


def print_deployments(out: "Console", deployments: tuple[DeploymentStatus, ...]) -> None:
    """Print a table, and below it whose memory is near its limit, and how replicas ended last.

    It fits 80 columns, and is never cut, however narrow what shows it.
    """
    table = _table(deployments, _GAP)
    if _width(out, table) > out.width:
        table = _table(deployments, _NARROW_GAP)
    out.width = max(out.width, _width(out, table))
    out.print(table)
    for replica in (replica for row in deployments for replica in row.replicas):
        if replica.is_near_limit:
            out.print(f"memory     {replica.name} {_near_limit(replica)}", style="bold yellow", markup=False)
        if replica.last_exit is not None:
            out.print(f"last exit  {replica.name} {_ended(replica.last_exit)}", markup=False)


def _width(out: "Console", table: "Table") -> int:
    return out.measure(table, options=out.options.update(width=_WIDEST)).maximum


def _table(deployments: tuple[DeploymentStatus, ...], gap: int) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for title in _COLUMNS:
        table.add_column(title, justify="right" if title in _NUMBERS else "left", no_wrap=True)
    for row in deployments:
        for cells in _lines(row):
            table.add_row(*cells)
    return table


def _lines(row: DeploymentStatus) -> Iterator[tuple[str, ...]]:
    """A deployment and its one replica share a line; several have a line each."""
    first = (row.name, f"{row.ready}/{row.desired}", _coloured(row.state))
    match row.replicas:
        case [replica]:
            yield (*first, *_cells(replica))
            if replica.state != row.state:
                yield ("  its replica", "", _coloured(replica.state))
        case replicas:
            yield first
            for replica in replicas:
                yield (f"  {replica.name.removeprefix(f'{row.name}-')}", "", _coloured(replica.state), *_cells(replica))


def _cells(replica: ReplicaStatus) -> tuple[str, ...]:
    return (
        "/".join(str(process.pid) for process in replica.processes) or "-",
        str(replica.port or "-"),
        str(replica.restarts),
        str(replica.memory_bytes // _MEBIBYTE),
    )


def _near_limit(replica: ReplicaStatus) -> str:
    percent = replica.memory_bytes * 100 // replica.memory_limit_bytes
    return f"uses {percent} % of the {replica.memory_limit_bytes // _MEBIBYTE:,} MB that it may"


def _ended(last: ReplicaExit) -> str:
    how = f"signal {last.signal}" if last.signal else f"code {'?' if last.code is None else last.code}"
    why = "" if last.reason == "Error" else f"{last.reason}, "
    return f"{last.role}: {why}{how} at {_when(last.at)}"


def _when(instant: datetime) -> str:
    at, today = instant.astimezone(), utc_now().astimezone().date()
    return f"{at:%H:%M:%S}" if at.date() == today else f"{at:%d %b %H:%M:%S}"


def _pid(pid: int | None) -> str:
    return str(pid) if pid else "[bold red]not running[/]"


def _supervisor(found: SupervisorStatus) -> str:
    return f"{found.pid} {_ready(found.ready)}" if found.pid else _pid(None)


def _postgres(found: PostgresStatus) -> str:
    pid = f"{found.pid} " if found.pid else ""
    port = f"port {found.port} " if found.port else ""
    return f"{pid}{port}{_ready(found.ready)}"


def _ready(ready: bool) -> str:
    return "[green]ready[/]" if ready else "[bold red]not ready[/]"


def _coloured(state: str) -> str:
    return f"[{_COLOURS.get(state, 'yellow')}]{state}[/]"
