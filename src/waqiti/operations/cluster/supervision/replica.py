"""One replica: its processes, its own port, its log, its metrics."""

import asyncio
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.children.child import Child, start_child
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.probes import Heartbeat, Seen, look_at_http
from waqiti.operations.cluster.logs import size_of, tail
from waqiti.operations.cluster.postgres.access import DatabaseAccess, over_socket, read_accesses
from waqiti.operations.cluster.postgres.place import recorded_place
from waqiti.operations.cluster.releases import CheckedReleases
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.specification import is_directory
from waqiti.operations.cluster.supervision.environment import replica_environment
from waqiti.operations.cluster.supervision.keeper import Look, ProcessKeeper
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import InitRecord, LastExit, Plan, PlannedDeployment, Reason, ReplicaRecord, Role
from waqiti.operations.switches.isolation import is_held_back

READINESS: Final = "/actuator/health/readiness"
LIVENESS: Final = "/actuator/health/liveness"
_BACKLOG: Final = 128
_SHOWN_LINES: Final = 20


@dataclass(frozen=True)
class Surroundings:
    """What every replica of a cluster shares."""

    layout: Layout
    plan: Plan
    init: InitRecord
    exits: HandedOnExits
    journal: Journal
    changed: Callable[[], None]
    finished: Callable[[asyncio.Future[list[None]]], None]
    releases: CheckedReleases


class Replica:
    """One replica over all restarts of its processes."""

    def __init__(
        self, around: Surroundings, planned: PlannedDeployment, number: int, revision: Revision, epoch: int
    ) -> None:
        self.name = f"{planned.name}-{number}"
        self.number = number
        self.revision = revision
        self.epoch = epoch
        self.draining = False
        self.outgrown = False
        self.log_begins_at = 0
        self._around = around
        self.begun_at = self._ready_at = self._noted_at = time.monotonic()
        self._keepers = [self._keeper(planned, role) for role in planned.roles]
        self._running: asyncio.Future[list[None]] | None = None

    @property
    def ready(self) -> bool:
        """Whether every process of it is."""
        return all(keeper.ready for keeper in self._keepers)

    @property
    def unready_seconds(self) -> float:
        """For how long it was not ready when that was noted last: since its begin, or since it was ready last."""
        return self._noted_at - self._ready_at

    def note_ready(self) -> None:
        """Take note of whether it is ready now."""
        self._noted_at = time.monotonic()
        if self.ready:
            self._ready_at = self._noted_at

    @property
    def looping(self) -> bool:
        """Whether a process of it ends again and again."""
        return any(keeper.looping for keeper in self._keepers)

    @property
    def memory_bytes(self) -> int:
        """Memory that its processes use, each by itself."""
        return sum(keeper.memory_bytes for keeper in self._keepers)

    @property
    def memory_limit_bytes(self) -> int:
        """How much all its processes together may use."""
        return self.revision.resources.memory_bytes

    def kill_largest(self, because: Reason) -> None:
        """End the process that uses most memory by SIGKILL; another is started."""
        max(self._keepers, key=lambda keeper: keeper.memory_bytes).kill(because)

    def adopt(self, former: ReplicaRecord) -> None:
        """Go on with the processes of a supervisor that was killed."""
        self.draining, self.outgrown = former.draining, former.outgrown
        self.begun_at = float("-inf")
        by_role = {record.role: record for record in former.processes}
        for keeper in self._keepers:
            if keeper.role in by_role:
                keeper.adopt(by_role[keeper.role])

    def begin(self) -> None:
        """Start its processes, or go on with adopted ones."""
        metrics = self._around.layout.metrics(self.name)
        if not any(keeper.record().ref for keeper in self._keepers):
            shutil.rmtree(metrics, ignore_errors=True)
            self.log_begins_at = size_of(self._around.layout.log(self.name))
        metrics.mkdir(parents=True, exist_ok=True)
        self._running = asyncio.gather(*(keeper.run() for keeper in self._keepers))
        self._running.add_done_callback(self._around.finished)

    async def drain(self) -> None:
        """Stop its processes in good order, and wait until they are gone."""
        self.draining = True
        self._around.changed()
        for keeper in self._keepers:
            keeper.stop()
        if self._running is not None:
            await self._running

    def record(self) -> ReplicaRecord:
        """Return what is known of it."""
        return ReplicaRecord(
            name=self.name,
            number=self.number,
            revision=self.revision.number,
            epoch=self.epoch,
            draining=self.draining,
            outgrown=self.outgrown,
            processes=tuple(keeper.record() for keeper in self._keepers),
        )

    def _keeper(self, planned: PlannedDeployment, role: Role) -> ProcessKeeper:
        starter = _ProcessStarter(self._around, planned.name, self.name, self.revision, role)
        around = self._around
        return ProcessKeeper(
            role,
            starter,
            around.exits,
            liveness_seconds=around.plan.liveness_seconds,
            changed=around.changed,
            held_back=partial(is_held_back, around.layout, planned.name, self.revision.environment),
        )


@dataclass(frozen=True)
class _ProcessStarter:
    around: Surroundings
    deployment: str
    replica: str
    revision: Revision
    role: Role

    async def start(self) -> tuple[Child, int | None]:
        if is_directory(self.revision.release):
            await asyncio.to_thread(self.around.releases.check, self.revision.release)
        self.around.layout.heartbeat(self.replica, self.role).unlink(missing_ok=True)
        self.around.layout.switches_applied(self.replica, self.role).unlink(missing_ok=True)
        if self.role == "worker":
            child = self._start(())
            port = None
        else:
            shared = self.around.init.descriptors[self.deployment]
            with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as own:
                child = self._start((*shared, own.fileno()))
                port = int(own.getsockname()[1])
        self._write("start", child.ref.pid)
        return child, port

    def watch(self, port: int | None) -> Look:
        if port is not None:
            return partial(look_at_http, port, READINESS, LIVENESS)
        heartbeat = Heartbeat(self.around.layout.heartbeat(self.replica, self.role))

        async def look() -> Seen:
            return heartbeat.look()

        return look

    def failed(self, why: str) -> None:
        self._write("failed", 0, lines=[why])

    def ended(self, child: Child, last: LastExit) -> None:
        log = self.around.layout.log(self.replica)
        lines = [] if last.reason == "Completed" else tail(log, _SHOWN_LINES, since_bytes=child.log_begins_at)
        self._write("exit", child.ref.pid, last, lines)

    def _start(self, descriptors: tuple[int, ...]) -> Child:
        around = self.around
        environment = replica_environment(
            around.layout,
            deployment=self.deployment,
            replica=self.replica,
            role=self.role,
            revision=self.revision,
            descriptors=descriptors,
            ports=around.init.ports,
            base_url=around.plan.base_url,
            access=self._access(),
        )
        return start_child(
            [*around.plan.serve, self.deployment, "--role", self.role],
            environment=environment,
            log=around.layout.log(self.replica),
            directory=around.layout.root,
            exits=around.exits,
            descriptors=descriptors,
        )

    def _access(self) -> DatabaseAccess | None:
        """Return the addresses of its databases; those on the embedded server lead through its socket."""
        access = read_accesses(self.around.layout).get(self.deployment)
        postgres = self.around.plan.postgres
        place = recorded_place(self.around.layout)
        if access is None or place is None or postgres is None or postgres.url is not None:
            return access
        return over_socket(access, place.data)

    def _write(self, kind: str, pid: int, last: LastExit | None = None, lines: list[str] | None = None) -> None:
        entry = JournalEntry(
            at=utc_now(),
            kind=kind,
            deployment=self.deployment,
            replica=self.replica,
            role=self.role,
            pid=pid,
            code=last.code if last else None,
            signal=last.signal if last else None,
            reason=last.reason if last else "",
            lines=lines or [],
        )
        self.around.journal.append(entry)
