"""Which replicas follow a revision: each of their processes says so in a file of its own."""

import time
from collections.abc import Collection
from typing import Final

import msgspec

from waqiti.foundation.switches.file import AppliedFile
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import ProcessRecord, ReplicaRecord, read_record

PATIENCE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_NANOSECONDS_PER_MILLISECOND: Final = 1_000_000


class ReplicaApplied(msgspec.Struct, frozen=True):
    """A replica, all of whose processes follow the revision; ``applied_ms`` after it was published."""

    name: str
    applied_ms: float


class Confirmed(msgspec.Struct, frozen=True):
    """Who follows a revision, and who did not say so in time."""

    replicas: tuple[ReplicaApplied, ...]
    unreached: tuple[str, ...]


class ReplicaView(msgspec.Struct, frozen=True):
    """The confirmations of a replica's processes; None for one that has not confirmed anything."""

    name: str
    service: str
    pids: tuple[int, ...]
    applied: tuple[AppliedFile | None, ...]

    def follows(self, revision: int, name: str | None = None) -> bool:
        """Whether all of it follows a revision, or a later one, and knows the switch ``name``."""
        return all(one is not None and one.revision >= revision and name not in one.unknown for one in self.applied)


def replicas_of(layout: Layout, services: Collection[str]) -> list[ReplicaView]:
    """List the live replicas of deployments.

    A process that has neither been ready nor confirmed anything is left out: it reads the switches before it serves.
    """
    record = read_record(layout)
    rows = record.deployments if record is not None else ()
    found = [_view(layout, row.name, replica) for row in rows if row.name in services for replica in row.replicas]
    return [view for view in found if view.pids]


def wait_confirmed(
    layout: Layout, services: Collection[str], name: str, revision: int, published_at_ns: int
) -> Confirmed:
    """Wait until every live replica follows the revision, for five seconds at most."""
    views = until_follow(layout, services, revision, name)
    late = [view for view in views if not view.follows(revision, name)]
    reached = tuple(ReplicaApplied(view.name, _applied_ms(view, published_at_ns)) for view in views if view not in late)
    return Confirmed(reached, tuple(view.name for view in late))


def until_follow(
    layout: Layout, services: Collection[str], revision: int, name: str | None = None
) -> list[ReplicaView]:
    """Return the live replicas once all follow the revision, or as they stand after five seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        views = replicas_of(layout, services)
        if all(view.follows(revision, name) for view in views) or time.monotonic() > deadline:
            return views
        time.sleep(_LOOK_SECONDS)


def _view(layout: Layout, service: str, replica: ReplicaRecord) -> ReplicaView:
    pids, applied = [], []
    for process in replica.processes:
        if process.ref is None or not process.ref.alive:
            continue
        said = _said(layout, replica.name, process, process.ref.pid)
        if said is not None or process.was_ready:
            pids.append(process.ref.pid)
            applied.append(said)
    return ReplicaView(replica.name, service, tuple(pids), tuple(applied))


def _said(layout: Layout, replica: str, process: ProcessRecord, pid: int) -> AppliedFile | None:
    try:
        content = layout.switches_applied(replica, process.role).read_bytes()
        said = msgspec.json.decode(content, type=AppliedFile)
    except (OSError, msgspec.MsgspecError):
        return None
    return said if said.pid == pid else None


def _applied_ms(view: ReplicaView, published_at_ns: int) -> float:
    last = max(one.applied_at_ns for one in view.applied if one is not None)
    return round(max(0, last - published_at_ns) / _NANOSECONDS_PER_MILLISECOND, 1)
