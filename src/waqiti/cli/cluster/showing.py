"""``waqiti cluster list``, ``logs`` and ``revisions``."""

from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.cluster.revision_lines import revision_lines, running_lines
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.status import print_deployments, what_is_instead
from waqiti.foundation.masking import masked
from waqiti.operations.cluster.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.logs import tail
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.rolling import check_deployment
from waqiti.operations.cluster.specification import read_specification
from waqiti.operations.cluster.status import DeploymentStatus, cluster_status

_LONGEST_TAIL: Final = 100_000


class LogLines(msgspec.Struct, frozen=True):
    """The end of one replica's log."""

    replica: str
    lines: list[str]


class DeploymentLogs(msgspec.Struct, frozen=True):
    """What ``cluster logs --json`` prints."""

    name: str
    replicas: list[LogLines]


class Revisions(msgspec.Struct, frozen=True):
    """What ``cluster revisions --json`` prints; values under names that look secret are hidden."""

    name: str
    in_force: int
    revisions: list[Revision]


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
        for line in running_lines(found.deployments):
            console().print(line, markup=False)
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


def revisions(name: str, /, *, json: Json = False) -> int:
    """List what a deployment ran, the newest first, and which of it is in force.

    Parameters
    ----------
    name
        The deployment.
    """
    layout = Layout.of(None)
    check_deployment(layout, name)
    spec = read_specification(layout, name)
    if spec is None:
        raise ClusterError(f"{name} has not run yet: waqiti up starts it", REFUSED)
    if json:
        print_document(Revisions(name, spec.revision, [_shown(one) for one in reversed(spec.revisions)]))
        return 0
    for line in revision_lines(spec):
        console().print(line.text, style=line.style, markup=False)
    return 0


def _shown(revision: Revision) -> Revision:
    environment = {name: masked(name, value) for name, value in revision.environment.items()}
    return msgspec.structs.replace(revision, environment=environment)


def _read(layout: Layout, name: str, replica: str | None, count: int) -> list[LogLines]:
    names = sorted(log.stem for log in layout.logs.glob(f"{name}-[0-9]*.log"))
    if replica is not None and replica not in names:
        raise ClusterError(f"{name} has no replica {replica}; there are {', '.join(names) or 'none'}", WRONG_USE)
    return [LogLines(one, tail(layout.log(one), count)) for one in names if replica in {None, one}]
