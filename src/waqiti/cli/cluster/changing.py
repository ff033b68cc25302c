"""``waqiti cluster restart``, ``scale``, ``set``, ``deploy`` and ``undo``: each returns when all of it is ready."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.cluster.revision_lines import release_text
from waqiti.cli.cluster.variables import notes_on_live, variables_of
from waqiti.cli.options import Json, whole
from waqiti.cli.output import print_document, say
from waqiti.operations.cluster.backend.workloads import LocalWorkloads
from waqiti.operations.cluster.revisions import Resources
from waqiti.operations.cluster.rolling import check_deployment
from waqiti.operations.cluster.sizes import memory_limit_of
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.cluster.workloads import Author, ChangedWorkload, Workloads
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.store.actor import actor

_LONGEST_REASON: Final = 1000

Reason = Annotated[str, Parameter(name="--reason", help="Why, for the audit and for whoever looks.")]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a change prints with ``--json``; ``changed`` is false where it was so already."""

    name: str
    changed: bool
    state: str
    ready: int
    desired: int
    revision: int
    release: str
    pids: list[int]
    seconds: float
    notes: tuple[str, ...] = ()


def restart(name: str, /, *, reason: Reason = "", json: Json = False) -> int:
    """Replace every replica of a deployment, one by one, without a failed request.

    Parameters
    ----------
    name
        The deployment.
    """
    by = _author(reason)
    done = _done(name, lambda workloads: workloads.restart(name, by))
    return _report(done, "restarted", as_json=json)


def scale(
    name: str, count: Annotated[int, Parameter(converter=whole)], /, *, reason: Reason = "", json: Json = False
) -> int:
    """Have so many replicas of a deployment: new ones are ready, others gone in good order, when this returns.

    Parameters
    ----------
    name
        The deployment.
    count
        From 0 to 20.
    """
    by = _author(reason)
    done = _done(name, lambda workloads: workloads.scale(name, count, by))
    return _report(done, "scaled", as_json=json)


def put(
    name: str,
    /,
    *variables: str,
    memory_limit: Annotated[str | None, Parameter(name="--memory-limit")] = None,
    reason: Reason = "",
    json: Json = False,
) -> int:
    """Set variables and limits of a deployment, and replace its replicas one by one by those that have them.

    Parameters
    ----------
    name
        The deployment.
    variables
        KEY=VALUE sets one, KEY- removes it.
    memory_limit
        What all processes of a replica may use together, such as 512Mi or 4Gi.
    """
    if not variables and memory_limit is None:
        raise ClusterError("set wants KEY=VALUE, KEY- or --memory-limit SIZE", WRONG_USE)
    layout, by = Layout.of(None), _author(reason)
    check_deployment(layout, name)
    changes = variables_of(name, variables)
    resources = None if memory_limit is None else Resources(memory_bytes=memory_limit_of(memory_limit))
    done = _done(name, lambda workloads: workloads.set(name, changes, resources, by))
    return _report(_noted(done, notes_on_live(layout, name, changes)), "set", as_json=json)


def deploy(name: str, /, *, release: Path, reason: Reason = "", json: Json = False) -> int:
    """Run another release in a deployment, and replace its replicas one by one; exit 1 where it does not get ready.

    What served before serves on until then, and after a failure.

    Parameters
    ----------
    name
        The deployment.
    release
        A directory that holds a package waqiti; a copy of it is kept.
    """
    by = _author(reason)
    done = _done(name, lambda workloads: workloads.deploy(name, release, by))
    return _report(done, "deployed", as_json=json)


def undo(
    name: str,
    /,
    *,
    to: Annotated[int | None, Parameter(converter=whole, validator=Number(gte=1))] = None,
    reason: Reason = "",
    json: Json = False,
) -> int:
    """Go back to the revision before the one in force, or to any that cluster revisions lists.

    After a change that was given up nothing is left to undo: what served before serves, and that is said.

    Parameters
    ----------
    name
        The deployment.
    to
        The number of a revision.
    """
    by = _author(reason)
    done = _done(name, lambda workloads: workloads.undo(name, to, by))
    return _report(done, "undone", as_json=json)


def _author(reason: str) -> Author:
    if len(reason) > _LONGEST_REASON:
        raise ClusterError(f"--reason has at most {_LONGEST_REASON} characters", WRONG_USE)
    return Author(actor=actor(), reason=reason.strip())


def _done(name: str, change: Callable[[Workloads], Coroutine[Any, Any, ChangedWorkload]]) -> Changed:
    layout = Layout.of(None)
    began = time.monotonic()
    done = asyncio.run(change(LocalWorkloads(layout)))
    return Changed(
        name=name,
        changed=done.changed,
        state=done.state,
        ready=done.ready,
        desired=done.desired,
        revision=done.revision,
        release=done.release,
        pids=_pids(layout, name),
        seconds=round(time.monotonic() - began, 3),
        notes=done.notes,
    )


def _pids(layout: Layout, name: str) -> list[int]:
    rows = (row for row in cluster_status(layout).deployments if row.name == name)
    return [process.pid for row in rows for replica in row.replicas for process in replica.processes]


def _noted(done: Changed, notes: tuple[str, ...]) -> Changed:
    return msgspec.structs.replace(done, notes=(*done.notes, *notes))


def _report(done: Changed, how: str, *, as_json: bool) -> int:
    for note in done.notes:
        say(note)
    if as_json:
        print_document(done)
        return 0
    what = f"revision {done.revision} of {release_text(done.release)}, {done.ready} of {done.desired} ready"
    if done.changed:
        say(f"{done.name}: {what}, {how} in {done.seconds:.1f} s")
    else:
        say(f"{done.name}: {what} already: nothing was changed")
    return 0
