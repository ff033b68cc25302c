"""A rolling restart, as a command asks for it and waits for it."""

import time
from typing import Final

from waqiti.operations.cluster.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.cluster.healing import heal_init
from waqiti.operations.cluster.init_process import init_lives
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.record import DeploymentRecord, read_plan, read_record
from waqiti.operations.cluster.supervision.control import ControlRequest, ask_supervisor
from waqiti.operations.cluster.supervision.deployment import ROLLOUT_SECONDS

_DRAIN_SECONDS: Final = 25.0
_LOOK_SECONDS: Final = 0.05


def restart_deployment(layout: Layout, name: str) -> None:
    """Replace every replica of a deployment, and return once the new ones are ready and the old ones gone.

    Raises:
        ClusterError: there is no such deployment, the platform does not run, or a new replica was not ready.
    """
    check_deployment(layout, name)
    if not init_lives(layout) and not heal_init(layout):
        raise ClusterError("The platform does not run: start it with waqiti up", REFUSED)
    reply = ask_supervisor(layout, ControlRequest(command="restart", name=name))
    if reply.error is not None:
        raise ClusterError(reply.error)
    _wait(layout, name, reply.generation)


def check_deployment(layout: Layout, name: str) -> None:
    """Make sure that there is a deployment of this name.

    Raises:
        ClusterError: there is none, or nothing was ever started here.
    """
    plan = read_plan(layout)
    if plan is None:
        raise ClusterError(f"{layout.root} holds no platform: start one with waqiti up", REFUSED)
    names = [row.name for row in plan.deployments]
    if name not in names:
        raise ClusterError(f"No deployment is called {name}; there are {', '.join(names)}", WRONG_USE)


def _wait(layout: Layout, name: str, generation: int) -> None:
    row = _row(layout, name)
    seconds = (row.desired if row else 1) * (ROLLOUT_SECONDS + _DRAIN_SECONDS)
    deadline = time.monotonic() + seconds
    while not _complete(row, generation):
        if row is not None and row.rollout_failure is not None:
            raise ClusterError(f"{row.rollout_failure}; the former replicas serve on. See {layout.log(name + '-*')}")
        if time.monotonic() > deadline:
            raise ClusterError(f"The restart of {name} is not complete after {seconds:g} s: see waqiti status")
        time.sleep(_LOOK_SECONDS)
        row = _row(layout, name)


def _row(layout: Layout, name: str) -> DeploymentRecord | None:
    record = read_record(layout)
    return next((row for row in record.deployments if row.name == name), None) if record else None


def _complete(row: DeploymentRecord | None, generation: int) -> bool:
    if row is None or row.generation < generation or len(row.replicas) != row.desired:
        return False
    return all(
        replica.generation == row.generation and not replica.draining and all(one.ready for one in replica.processes)
        for replica in row.replicas
    )
