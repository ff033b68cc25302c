"""What a request makes of a deployment's specification: the arithmetic, and what must be there for it."""

from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.postgres.budget import check_change
from waqiti.operations.cluster.releases import CheckedReleases
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
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout


def apply(layout: Layout, spec: Specification, request: ControlRequest) -> Specification:
    """Return the specification that a request asks for: the same one where it is so already, or was asked before.

    Raises:
        ClusterError: it is refused, or PostgreSQL has no room for it.
    """
    if spec.asked_as(request.id) is not None:
        return spec
    changed = _changed(spec, request)
    check_change(layout, spec, changed)
    return changed


def check_release_after(
    releases: CheckedReleases, spec: Specification, request: ControlRequest, installed: str
) -> None:
    """Make sure that there is the release that a request leads to, which may have to be read.

    Raises:
        ClusterError: it is gone or was changed, or is none that is kept and not ``installed``, the one that the
            platform was started with; or the request is refused.
    """
    if spec.asked_as(request.id) is not None:
        return
    changed = _changed(spec, request)
    if changed.in_force.release != spec.in_force.release:
        _check(releases, changed, installed)


def _changed(spec: Specification, request: ControlRequest) -> Specification:
    asked = Asked(id=request.id, actor=request.by.actor, reason=request.by.reason, at=utc_now())
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


def _check(releases: CheckedReleases, spec: Specification, installed: str) -> None:
    release = spec.in_force.release
    if is_directory(release):
        releases.check(release)
    elif release != installed:
        raise ClusterError(
            f"Revision {spec.revision} of {spec.name} runs {release}, and {installed} is what is installed now: choose "
            f"another of waqiti cluster revisions {spec.name}, or install {release} and start the platform again",
            REFUSED,
        )
