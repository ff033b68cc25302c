"""Changes of a deployment, as a command asks for them and waits for them."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from waqiti.contracts.catalog import OPERATIONS
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.children.patience import DRAIN_SECONDS
from waqiti.operations.cluster.healing import keeps_running
from waqiti.operations.cluster.hiding import assignment
from waqiti.operations.cluster.releases import kept_release
from waqiti.operations.cluster.revisions import Resources
from waqiti.operations.cluster.sizes import size_text
from waqiti.operations.cluster.specification import Change, Specification, read_specification
from waqiti.operations.cluster.status import DeploymentStatus, cluster_status
from waqiti.operations.cluster.supervision.control import Command, ControlReply, ControlRequest, ask_supervisor
from waqiti.operations.cluster.supervision.deployment import ROLLOUT_SECONDS
from waqiti.operations.cluster.variables import checked_value
from waqiti.operations.cluster.workloads import Author
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import read_plan
from waqiti.operations.store import audit, transaction
from waqiti.operations.switches.modes import isolated

MOST_REPLICAS: Final = 20
_LEAVING_SECONDS: Final = DRAIN_SECONDS + 5.0
_LOOK_SECONDS: Final = 0.05
_STOPPED: Final = "The platform was stopped meanwhile: start it with waqiti up, then try again"
_UNWATCHED: Final = (
    "Without operations nothing watches over init and no history is kept: waqiti cluster scale operations 1 ends that"
)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change; ``changed`` is False where it was so already. ``notes`` are sentences for who asked."""

    changed: bool
    notes: tuple[str, ...] = ()


def restart_deployment(layout: Layout, name: str, by: Author) -> Done:
    """Replace every replica of a deployment, and return once the new ones are ready and the old ones gone.

    Raises:
        ClusterError: there is no such deployment, the platform does not run, or a new replica was not ready.
    """
    done = _change(layout, _request("restart", name, by))
    if _specification(layout, name).desired > 0:
        return done
    return replace(done, notes=(*done.notes, f"{name} is scaled to 0: no replica was there to restart"))


def scale_deployment(layout: Layout, name: str, replicas: int, by: Author) -> Done:
    """Have as many replicas, and return once all are ready and the others gone.

    Raises:
        ClusterError: as a restart's; or the count is not from 0 to 20, or PostgreSQL has no room for it.
    """
    if not 0 <= replicas <= MOST_REPLICAS:
        raise ClusterError(f"A deployment has from 0 to {MOST_REPLICAS} replicas, and not {replicas}", WRONG_USE)
    done = _change(layout, _request("scale", name, by, replicas=replicas))
    return replace(done, notes=(*done.notes, _UNWATCHED)) if name == OPERATIONS and replicas == 0 else done


def configure_deployment(
    layout: Layout, name: str, environment: Mapping[str, str | None], resources: Resources | None, by: Author
) -> Done:
    """Set variables, remove those that are None, set limits; and return once every replica has them.

    Raises:
        ClusterError: as a restart's; a variable is the cluster's own or no switch that the deployment follows; or
            PostgreSQL has no room for pools of that size.
    """
    check_deployment(layout, name)
    checked = {variable: checked_value(name, variable, value) for variable, value in environment.items()}
    return _change(layout, _request("set", name, by, environment=checked, resources=resources))


def deploy_release(layout: Layout, name: str, directory: Path, by: Author) -> Done:
    """Run the ``waqiti`` package in a directory, of which a copy is kept; return once every replica does.

    Raises:
        ClusterError: as a restart's; or the directory is no release.
    """
    check_changeable(layout, name)
    with kept_release(layout, directory) as release:
        request = _request("deploy", name, by, release=release)
        reply = _ask(layout, request)
    return _wait(layout, request, reply)


def undo_deployment(layout: Layout, name: str, to: int | None, by: Author) -> Done:
    """Go back to the revision before, or to one by its number; return once every replica is of it.

    Raises:
        ClusterError: as a restart's; there is no such revision; or PostgreSQL has no room for its pools.
    """
    done = _change(layout, _request("undo", name, by, to=to))
    spec = _specification(layout, name)
    if done.changed or to is not None or not spec.given_up:
        return done
    note = (
        f"Revision {spec.given_up} was given up and never served; {spec.revision} has served on. --to N goes back to "
        f"another: waqiti cluster revisions {name} lists them"
    )
    return Done(changed=False, notes=(note,))


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


def check_changeable(layout: Layout, name: str) -> None:
    """Make sure that a deployment can be changed.

    Raises:
        ClusterError: there is none of this name, the platform does not run, or it is cut off.
    """
    check_deployment(layout, name)
    if not keeps_running(layout):
        raise ClusterError("The platform does not run: start it with waqiti up", REFUSED)
    end = isolated(layout).get(name)
    if end is not None:
        raise ClusterError(f"{name} is cut off, and stays as it is for whoever finds out why: {end} ends that", REFUSED)


def _request(
    command: Command,
    name: str,
    by: Author,
    *,
    replicas: int = 0,
    environment: dict[str, str | None] | None = None,
    resources: Resources | None = None,
    release: str = "",
    to: int | None = None,
) -> ControlRequest:
    return ControlRequest(
        command=command,
        name=name,
        id=uuid4().hex,
        by=by,
        replicas=replicas,
        environment=environment or {},
        resources=resources,
        release=release,
        to=to,
    )


def _change(layout: Layout, request: ControlRequest) -> Done:
    check_changeable(layout, request.name)
    return _wait(layout, request, _ask(layout, request))


class _Intent(msgspec.Struct, frozen=True, kw_only=True):
    request: str
    reason: str | None
    asked: str


def _ask(layout: Layout, request: ControlRequest) -> ControlReply:
    """Ask the supervisor, once it is written down who does and why."""
    details = _Intent(request=request.id, reason=request.by.reason or None, asked=_in_words(request))
    with transaction(layout.operations_store) as connection:
        action = f"deployment.{request.command}"
        audit.append(
            connection, actor=request.by.actor, action=action, subject=request.name, details=details, at=utc_now()
        )
    return ask_supervisor(layout, request)


def _in_words(request: ControlRequest) -> str:
    match request.command:
        case "scale":
            return f"{request.replicas} replicas"
        case "set":
            return " ".join(_assignments(request))
        case "deploy":
            return f"release {request.release}"
        case "undo":
            return "the revision before" if request.to is None else f"revision {request.to}"
        case "restart":
            return "every replica"


def _assignments(request: ControlRequest) -> Iterator[str]:
    for name, value in sorted(request.environment.items()):
        yield f"{name}-" if value is None else assignment(name, value)
    if request.resources is not None:
        yield f"memory limit {size_text(request.resources.memory_bytes)}"


def _wait(layout: Layout, request: ControlRequest, reply: ControlReply) -> Done:
    """Wait until the change has ended, however that is."""
    spec = _specification(layout, request.name)
    deadline = time.monotonic() + _patience_seconds(spec)
    while (change := spec.change(reply.change)) is not None and change.state == "running":
        if not keeps_running(layout):
            raise ClusterError(_STOPPED, REFUSED)
        if time.monotonic() > deadline:
            raise ClusterError(f"The {request.command} of {request.name} is not complete yet: see waqiti status")
        time.sleep(_LOOK_SECONDS)
        spec = _specification(layout, request.name)
    if change is not None and change.state != "complete":
        raise ClusterError(_failure(spec, request, change))
    _wait_until_ready(layout, request.name)
    return Done(changed=reply.is_new)


def _wait_until_ready(layout: Layout, name: str) -> None:
    """Wait also where nothing is under way: a replica may have ended meanwhile, or have been unready before."""
    deadline = time.monotonic() + ROLLOUT_SECONDS
    while (row := _row(layout, name)).ready < row.desired:
        if not keeps_running(layout):
            raise ClusterError(_STOPPED, REFUSED)
        if time.monotonic() > deadline or row.state == "CrashLoopBackOff":
            raise ClusterError(
                f"{name} is as was asked, but {row.ready} of {row.desired} are ready: see waqiti cluster logs {name}"
            )
        time.sleep(_LOOK_SECONDS)


def _row(layout: Layout, name: str) -> DeploymentStatus:
    return next(row for row in cluster_status(layout).deployments if row.name == name)


def _patience_seconds(spec: Specification) -> float:
    return max(spec.desired, spec.settled.desired, 1) * (ROLLOUT_SECONDS + _LEAVING_SECONDS)


def _failure(spec: Specification, request: ControlRequest, change: Change) -> str:
    if change.state == "overtaken":
        return f"The {request.command} of {request.name} was overtaken: {change.why}"
    after = f"{spec.desired} are wanted again" if change.kind == "scale" else f"revision {spec.revision} serves on"
    ends = "".join(f"\n  {line}" for line in change.lines)
    return f"{change.why}; {after}. {'Its log ends with:' if ends else 'Its log is empty.'}{ends}"


def _specification(layout: Layout, name: str) -> Specification:
    spec = read_specification(layout, name)
    if spec is None:
        raise ClusterError("The platform only begins to start: try again in a moment", REFUSED)
    return spec
