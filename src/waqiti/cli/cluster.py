"""``waqiti cluster``: deployments and their replicas."""

import time
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.status import print_deployments, what_is_instead
from waqiti.operations.cluster.errors import WRONG_USE, ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.logs import tail
from waqiti.operations.cluster.rolling import check_deployment, restart_deployment
from waqiti.operations.cluster.status import ClusterStatus, DeploymentStatus, cluster_status

_LONGEST_TAIL: Final = 100_000


class LogLines(msgspec.Struct, frozen=True):
    """The end of one replica's log."""

    replica: str
    lines: list[str]


class DeploymentLogs(msgspec.Struct, frozen=True):
    """What ``cluster logs --json`` prints."""

    name: str
    replicas: list[LogLines]


class Restarted(msgspec.Struct, frozen=True):
    """What ``cluster restart --json`` prints."""

    name: str
    state: str
    ready: int
    desired: int
    pids: list[int]
    seconds: float


class Deployments(msgspec.Struct, frozen=True):
    """What ``cluster list --json`` prints."""

    deployments: tuple[DeploymentStatus, ...]


def show(*, json: Json = False) -> int:
    """List deployments and their replicas."""
    layout = Layout.of(None)
    found = cluster_status(layout)
    if json:
        print_document(Deployments(found.deployments))
    elif not found.anything_runs:
        console().print(what_is_instead(layout), markup=False)
    else:
        print_deployments(console(), found.deployments)
    return 0


def logs(
    name: str,
    /,
    *,
    replica: str | None = None,
    tail_lines: Annotated[int, Parameter(name="--tail", validator=Number(gte=1, lte=_LONGEST_TAIL))] = 100,
    json: Json = False,
) -> int:
    """Print the last lines that a deployment's replicas have logged.

    Parameters
    ----------
    name
        The deployment.
    replica
        Only this replica.
    tail_lines
        How many lines of each replica.
    """
    layout = Layout.of(None)
    check_deployment(layout, name)
    found = DeploymentLogs(name, _read(layout, name, replica, tail_lines))
    if json:
        print_document(found)
        return 0
    for one in found.replicas:
        for line in one.lines:
            console().print(line if replica else f"{one.replica}  {line}", markup=False)
    return 0


def restart(name: str, /, *, json: Json = False) -> int:
    """Replace every replica of a deployment, one by one, without a failed request.

    Parameters
    ----------
    name
        The deployment.
    """
    layout = Layout.of(None)
    began = time.monotonic()
    restart_deployment(layout, name)
    done = _restarted(cluster_status(layout), name, round(time.monotonic() - began, 3))
    if json:
        print_document(done)
    else:
        say(f"{name}: {done.ready} of {done.desired} ready, restarted in {done.seconds:.1f} s")
    return 0


def _read(layout: Layout, name: str, replica: str | None, count: int) -> list[LogLines]:
    names = sorted(log.stem for log in layout.logs.glob(f"{name}-[0-9]*.log"))
    if replica is not None and replica not in names:
        raise ClusterError(f"{name} has no replica {replica}; there are {', '.join(names) or 'none'}", WRONG_USE)
    return [LogLines(one, tail(layout.log(one), count)) for one in names if replica in {None, one}]


def _restarted(found: ClusterStatus, name: str, seconds: float) -> Restarted:
    row = next(row for row in found.deployments if row.name == name)
    pids = [process.pid for replica in row.replicas for process in replica.processes]
    return Restarted(name, row.state, row.ready, row.desired, pids, seconds)
