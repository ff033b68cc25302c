"""Stopping a cluster: in good order through init, and by force what a killed init or supervisor left."""

import os
import signal
from contextlib import suppress
from typing import Final

from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.postgres.place import recorded_place
from waqiti.operations.cluster.processes import ProcessRef, all_pids, environment_of, wait_gone, working_in
from waqiti.operations.cluster.record import Record, read_record, running_init
from waqiti.operations.cluster.supervision.environment import supervised_by

_ORDERLY_SECONDS: Final = 65.0
_DRAIN_SECONDS: Final = 20.0
_KILLED_SECONDS: Final = 10.0


def stop_cluster(layout: Layout) -> bool:
    """Stop whatever runs of the cluster in a state directory; return whether anything did.

    Raises:
        ClusterError: a process does not end.
    """
    init = running_init(layout)
    if init is not None:
        init.ref.send(signal.SIGTERM)
        if wait_gone([init.ref], _ORDERLY_SECONDS):
            _end([init.ref], signal.SIGKILL, _KILLED_SECONDS)
    return sweep(layout) or init is not None


def sweep(layout: Layout) -> bool:
    """Stop what runs here without an init; return whether anything did.

    Raises:
        ClusterError: a process does not end.
    """
    record = read_record(layout)
    found = False
    if record is not None:
        found = _end([record.supervisor], signal.SIGTERM, _ORDERLY_SECONDS)
        found = _end(_replicas(record), signal.SIGTERM, _DRAIN_SECONDS) or found
        postgres = [record.postgres.ref] if record.postgres and record.postgres.ref else []
        found = _end(postgres, signal.SIGINT, _DRAIN_SECONDS) or found
    found = _end(_strays(layout), signal.SIGTERM, _DRAIN_SECONDS) or found
    place = recorded_place(layout)
    return _end(working_in(place.data) if place else [], signal.SIGQUIT, _KILLED_SECONDS) or found


def _replicas(record: Record) -> list[ProcessRef]:
    processes = [one.ref for row in record.deployments for replica in row.replicas for one in replica.processes]
    return [ref for ref in processes if ref is not None]


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
    if left := wait_gone(alive, _KILLED_SECONDS):
        pids = ", ".join(str(ref.pid) for ref in left)
        raise ClusterError(f"Process {pids} does not end, not even by SIGKILL: it waits for a disk or a debugger")
    return bool(alive)
