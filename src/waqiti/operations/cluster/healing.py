"""A killed waqiti-init is followed by another, which goes on with everything that runs."""

import os
import time
from contextlib import suppress
from typing import Final

from waqiti.operations.cluster.init_process import init_lives, spawn_init
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import read_fatal_end, read_plan, read_record, recorded_processes

LONGEST_PAUSE_SECONDS: Final = 60.0
FAILED_INIT_SECONDS: Final = 5.0
_SECOND_NS: Final = 10**9


def heal_init(layout: Layout) -> bool:
    """Start a new init where the former one was killed and something of the platform runs on; return whether it did.

    Waits for nothing, and costs one look at a lock while an init lives. Several may call it at once: of the inits that
    they start, the one that gets the lock goes on.

    Raises:
        ClusterError: a state file cannot be read.
        OSError: init cannot be started.
    """
    if not heals(layout):
        return False
    spawn_init(layout)
    return True


def keeps_running(layout: Layout) -> bool:
    """Return whether the platform runs; a killed init is followed by another.

    Raises:
        ClusterError, OSError: as for ``heal_init``.
    """
    return heal_init(layout) or init_lives(layout) or _lacks_init(layout)


def heals(layout: Layout) -> bool:
    """Return whether there is something to heal now: no init, and something of the platform that nobody wants stopped.

    After a supervisor that ended for good the next try comes later each time, up to a minute; after an init that failed
    by itself, and was not killed, in 5 s.

    Raises:
        ClusterError: a state file cannot be read.
    """
    return _lacks_init(layout) and not _holds_back(layout) and not _failed_just_now(layout)


def forget_failures(layout: Layout) -> None:
    """Have the next try come at once, however often it failed before."""
    layout.fatal_end.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        os.utime(layout.init_lock, ns=(0, 0))


def _lacks_init(layout: Layout) -> bool:
    if init_lives(layout) or layout.stopped.exists() or read_plan(layout) is None:
        return False
    record = read_record(layout)
    return record is not None and any(ref.alive for ref in recorded_processes(record))


def _holds_back(layout: Layout) -> bool:
    end = read_fatal_end(layout)
    if end is None:
        return False
    return time.monotonic() - end.at_seconds < min(2.0**end.times, LONGEST_PAUSE_SECONDS)


def _failed_just_now(layout: Layout) -> bool:
    """Return whether the last init marked its lock with an end of its own in the last 5 s of this boot."""
    try:
        marked_at_ns = layout.init_lock.stat().st_mtime_ns
    except FileNotFoundError:
        return False
    age_ns = time.monotonic_ns() - marked_at_ns
    return marked_at_ns > 0 and 0 <= age_ns < FAILED_INIT_SECONDS * _SECOND_NS
