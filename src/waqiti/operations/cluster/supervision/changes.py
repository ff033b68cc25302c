"""What a request makes of a deployment's specification: the arithmetic, and what must be there for it."""

from waqiti.operations.cluster.errors import REFUSED, ClusterError
from waqiti.operations.cluster.journal import now
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.postgres.budget import check_change
from waqiti.operations.cluster.releases import check_release
from waqiti.operations.cluster.specification import (
    Asked,
    Specification,
    configured,
    is_directory,
    released,
    restarted,
    scaled,
    undone,
)
from waqiti.operations.cluster.supervision.control import ControlRequest


def apply(layout: Layout, spec: Specification, request: ControlRequest, installed: str) -> Specification:
    """Return the specification that a request asks for: the same one where it is so already, or was asked before.

    Raises:
        ClusterError: it is refused, PostgreSQL has no room for it, or the release that it leads to is gone;
            ``installed`` is the one that is not.
    """
    if spec.asked_as(request.id) is not None:
        return spec
    asked = Asked(id=request.id, actor=request.by.actor, reason=request.by.reason, at=now())
    changed = _changed(spec, request, asked)
    if changed.in_force.release != spec.in_force.release:
        _check(layout, changed, installed)
    check_change(layout, spec, changed)
    return changed


def _changed(spec: Specification, request: ControlRequest, asked: Asked) -> Specification:
    match request.command:
        case "restart":
            return restarted(spec, asked)
        case "scale":
            return scaled(spec, request.replicas, asked)
        case "set":
            return configured(spec, request.environment, request.resources, asked)
        case "deploy":
            return released(spec, request.release, asked)
        case "undo":
            return undone(spec, request.to, asked)


def _check(layout: Layout, spec: Specification, installed: str) -> None:
    release = spec.in_force.release
    if is_directory(release):
        check_release(layout, release)
    elif release != installed:
        raise ClusterError(
            f"Revision {spec.revision} of {spec.name} runs {release}, and {installed} is what is installed now", REFUSED
        )
