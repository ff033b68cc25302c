"""``waqiti cluster list`` and ``revisions``."""

import asyncio

import msgspec

from waqiti.cli.cluster.revision_lines import revision_lines, running_lines
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.status import print_deployments, what_is_instead
from waqiti.operations.cluster.backend.workloads import LocalWorkloads
from waqiti.operations.cluster.hiding import shown_value
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.status import DeploymentStatus, cluster_status
from waqiti.operations.cluster.workloads import Workloads
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout


class Revisions(msgspec.Struct, frozen=True):
    """What ``cluster revisions --json`` prints; values that may be secret are hidden."""

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


def revisions(name: str, /, *, json: Json = False) -> int:
    """List what a deployment ran, the newest first, and which of it is in force.

    Parameters
    ----------
    name
        The deployment.
    """
    layout = Layout.of(None)
    found, in_force = asyncio.run(_revisions(LocalWorkloads(layout), name))
    if not found:
        raise ClusterError(f"{name} has not run yet: waqiti up starts it", REFUSED)
    if json:
        print_document(Revisions(name, in_force, [_shown(one) for one in found]))
        return 0
    for line in revision_lines(found, in_force):
        console().print(line.text, style=line.style, markup=False)
    return 0


async def _revisions(workloads: Workloads, name: str) -> tuple[tuple[Revision, ...], int]:
    found = await workloads.revisions(name)
    return found, next((one.revision for one in await workloads.list() if one.name == name), 0)


def _shown(revision: Revision) -> Revision:
    environment = {name: shown_value(name, value) for name, value in revision.environment.items()}
    return msgspec.structs.replace(revision, environment=environment)
