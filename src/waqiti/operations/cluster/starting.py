"""Starting a cluster and waiting until all of it is ready."""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.healing import forget_failures, heal_init, keeps_running
from waqiti.operations.cluster.init_process import init_lives, spawn_init
from waqiti.operations.cluster.logs import tail
from waqiti.operations.cluster.state_directory import commanding, make_state_directory, unwritable
from waqiti.operations.cluster.status import ClusterStatus, DeploymentStatus, cluster_status
from waqiti.operations.cluster.stopping import stop_cluster, sweep
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef
from waqiti.operations.state.record import Plan, read_fatal_end, read_init, read_plan, read_record, running_init
from waqiti.operations.switches.publishing import publish

READY_SECONDS: Final = 110.0
_INIT_SECONDS: Final = 20.0
_TAKEOVER_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 0.1
_SHOWN_LINES: Final = 15
_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Progress = Callable[[ClusterStatus], None]
Planner = Callable[[Plan | None], Plan]


def start_cluster(layout: Layout, planner: Planner, progress: Progress) -> bool:
    """Start the cluster, or go on with the one that runs, and return once every deployment is ready.

    ``planner`` is given the former plan; ``progress`` is called with each new status. Returns whether it was started
    by this call; where that fails, nothing is left running. One whose init was killed gets another, and runs on.

    Raises:
        ClusterError: it cannot be started, or is not ready within 110 s; the sentence says why.
    """
    make_state_directory(layout)
    with commanding(layout):
        # Who asks for it has it tried at once, however often it ended before.
        forget_failures(layout)
        if running_init(layout) is not None or _healed(layout):
            _check_same(layout, planner)
            wait_until_ready(layout, progress)
            return False
        sweep(layout)
        _publish_switches(layout)
        with _nothing_left_running(layout):
            _launch(layout, planner(read_plan(layout)))
            wait_until_ready(layout, progress)
    return True


def wait_until_ready(layout: Layout, progress: Progress) -> None:
    """Wait until every deployment is ready.

    Raises:
        ClusterError: one cannot be, is not within 110 s, or the cluster was stopped.
    """
    deadline = time.monotonic() + READY_SECONDS
    shown: ClusterStatus | None = None
    while True:
        _check_failures(layout)
        status = cluster_status(layout)
        if status != shown:
            progress(status)
            shown = status
        if status.ready and status.supervisor.ready and is_prepared(layout):
            return
        for row in status.deployments:
            if row.state == "CrashLoopBackOff":
                raise ClusterError(_why(layout, row, "ends again and again"))
        if time.monotonic() > deadline:
            raise ClusterError(_overdue(layout, status))
        time.sleep(_LOOK_SECONDS)


def is_prepared(layout: Layout) -> bool:
    """Return whether the running supervisor has everything prepared, credentials included."""
    record = read_record(layout)
    return record is not None and record.prepared


def _healed(layout: Layout) -> bool:
    """Wait until a new init has taken over from a killed one; return whether there was something to take over."""
    former = read_init(layout)
    if not heal_init(layout) and not init_lives(layout):
        return False
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while running_init(layout) is None:
        said = read_init(layout)
        if said != former and said is not None and said.failure is not None:
            raise _port_failure(said.failure)
        if layout.stopped.exists():
            raise ClusterError("The platform was stopped while its init was started again", REFUSED)
        if time.monotonic() > deadline:
            raise ClusterError(f"waqiti-init does not take over: {_end_of(layout.log('init'))}")
        time.sleep(_LOOK_SECONDS)
    return True


def _publish_switches(layout: Layout) -> None:
    """Write what every process reads at its start, and what a killed command has left unpublished."""
    try:
        publish(layout)
    except OSError as error:
        raise unwritable(layout.root, error) from error


def _check_same(layout: Layout, planner: Planner) -> None:
    running = read_plan(layout)
    if running is not None and planner(running).base_url != running.base_url:
        raise ClusterError(f"The platform already runs at {running.base_url}: waqiti down stops it", REFUSED)


def _launch(layout: Layout, plan: Plan) -> None:
    try:
        # The mark goes last: with it, or without a record, nobody heals what is only about to start.
        for stale in (layout.record, layout.init, layout.stopped):
            stale.unlink(missing_ok=True)
        write_document(layout.plan, plan)
        with _uninterrupted():
            _wait_for_init(layout, spawn_init(layout))
    except OSError as error:
        raise unwritable(layout.root, error) from error


def _wait_for_init(layout: Layout, init: ProcessRef) -> None:
    deadline = time.monotonic() + _INIT_SECONDS
    while read_init(layout) is None:
        if not init.alive or time.monotonic() > deadline:
            init.send(signal.SIGKILL)
            raise ClusterError(f"waqiti-init does not start: {_end_of(layout.log('init'))}")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off Ctrl-C and the like: an init that has not said yet who it is could not be stopped."""
    came: list[int] = []
    former = {number: signal.getsignal(number) for number in _INTERRUPTS}
    for number in _INTERRUPTS:
        if former[number] is not signal.SIG_IGN:
            signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    for early in came:
        signal.raise_signal(early)


@contextmanager
def _nothing_left_running(layout: Layout) -> Iterator[None]:
    try:
        yield
    except BaseException:
        stop_cluster(layout)
        raise


def _check_failures(layout: Layout) -> None:
    init, record = read_init(layout), read_record(layout)
    if init is not None and init.failure is not None:
        raise _port_failure(init.failure)
    if record is not None and record.failure is not None:
        raise ClusterError(record.failure)
    if (end := read_fatal_end(layout)) is not None:
        raise ClusterError(f"The supervisor cannot go on: {end.why}")
    if not keeps_running(layout):
        raise ClusterError(f"The platform was stopped while it started; see {layout.log('init')}")


def _port_failure(failure: str) -> ClusterError:
    number, _, port = failure.partition(":")
    if int(number) == errno.EADDRINUSE:
        sentence = f"Port {port} is in use: stop what listens there, or choose another with waqiti up --port N"
    else:
        reason = os.strerror(int(number)).lower()
        sentence = f"Port {port} cannot be opened ({reason}): choose another with waqiti up --port N"
    return ClusterError(sentence, REFUSED)


def _overdue(layout: Layout, status: ClusterStatus) -> str:
    if not is_prepared(layout):
        return f"PostgreSQL was not ready within {READY_SECONDS:g} s: {_end_of(layout.log('postgres'))}"
    late = next((row for row in status.deployments if not row.is_as_wanted), None)
    if late is not None:
        return _why(layout, late, f"was not ready within {READY_SECONDS:g} s")
    return f"The supervisor was not ready within {READY_SECONDS:g} s: {_end_of(layout.log('init'))}"


def _why(layout: Layout, row: DeploymentStatus, what: str) -> str:
    name = row.replicas[0].name if row.replicas else row.name
    return f"{row.name} {what}; its log {_end_of(layout.log(name))}"


def _end_of(log: Path) -> str:
    lines = tail(log, _SHOWN_LINES)
    return f"{log} ends with:\n" + "\n".join(f"  {line}" for line in lines) if lines else f"{log} is empty"
