"""Stopping a cluster: in good order through init, and by force what a killed init or supervisor left."""

import os
import signal
import time
from contextlib import suppress
from typing import Final

from waqiti.operations.cluster.children.patience import DRAIN_SECONDS, KILLED_SECONDS
from waqiti.operations.cluster.init_process import init_command, init_lives
from waqiti.operations.cluster.postgres.place import recorded_place
from waqiti.operations.cluster.supervision.environment import supervised_by
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, all_pids, environment_of, running, wait_gone, working_in
from waqiti.operations.state.record import InitRecord, read_plan, read_record, recorded_replicas, running_init

_ORDERLY_SECONDS: Final = 65.0
_BEGINNING_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 0.05


def stop_cluster(layout: Layout) -> bool:
    """Stop whatever runs of the cluster in a state directory; return whether anything did.

    From its beginning until the next start nobody starts an init in place of one that was killed.

    Raises:
        ClusterError: a process does not end.
    """
    with suppress(OSError):  # a full disk stops no stop
        layout.stopped.touch()
    init = _init_to_stop(layout)
    if init is not None:
        init.ref.send(signal.SIGTERM)
        init.ref.send(signal.SIGCONT)  # one that is stopped would not notice
        if wait_gone([init.ref], _ORDERLY_SECONDS):
            _end([init.ref], signal.SIGKILL, KILLED_SECONDS)
    return sweep(layout) or init is not None


def _init_to_stop(layout: Layout) -> InitRecord | None:
    """Return the init that runs; one that has just begun is waited for until it has said who it is."""
    deadline = time.monotonic() + _BEGINNING_SECONDS
    while (init := running_init(layout)) is None and init_lives(layout) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return init


def sweep(layout: Layout) -> bool:
    """Stop what runs here without an init; return whether anything did.

    Raises:
        ClusterError: a process does not end.
    """
    # Inits that were started at once with the one that ran, and have not ended yet.
    _end(running(init_command(layout)), signal.SIGKILL, KILLED_SECONDS)
    found = _end(_supervisors(layout), signal.SIGTERM, _ORDERLY_SECONDS)
    record = read_record(layout)
    if record is not None:
        found = _end(recorded_replicas(record), signal.SIGTERM, DRAIN_SECONDS) or found
        postgres = [record.postgres.ref] if record.postgres and record.postgres.ref else []
        found = _end(postgres, signal.SIGINT, DRAIN_SECONDS) or found
    found = _end(_strays(layout), signal.SIGTERM, DRAIN_SECONDS) or found
    place = recorded_place(layout)
    return _end(working_in(place.data) if place else [], signal.SIGQUIT, KILLED_SECONDS) or found


def _supervisors(layout: Layout) -> list[ProcessRef]:
    """Return the supervisor; one that has just begun is not yet in the record."""
    record, plan = read_record(layout), read_plan(layout)
    return [*([record.supervisor] if record else []), *(running(plan.supervisor) if plan else [])]


def _strays(layout: Layout) -> list[ProcessRef]:
    found = []
    for pid in all_pids():
        if pid != os.getpid() and supervised_by(environment_of(pid), layout.root):
            with suppress(ProcessLookupError):
                found.append(ProcessRef.of(pid))
    return found


def _end(refs: list[ProcessRef], number: signal.Signals, patience_seconds: float) -> bool:
    alive = [ref for ref in refs if ref.alive]
    for ref in alive:
        ref.send(number)
    for ref in wait_gone(alive, patience_seconds):
        ref.send(signal.SIGKILL)
    if left := wait_gone(alive, KILLED_SECONDS):
        pids = ", ".join(str(ref.pid) for ref in left)
        raise ClusterError(f"Process {pids} does not end, not even by SIGKILL: it waits for a disk or a debugger")
    return bool(alive)
