"""What ``waqiti status`` says, from state files and /proc only: it is right also when everything is dead."""

from datetime import datetime

import msgspec

from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.revisions import DEFAULT_MEMORY_BYTES
from waqiti.operations.cluster.specification import Specification, first, made_anew, read_specification
from waqiti.operations.cluster.supervision.beat import last_beat
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import (
    MEMORY_FINDING_PERCENT,
    DeploymentState,
    InitRecord,
    LastExit,
    Plan,
    ProcessRecord,
    Record,
    ReplicaRecord,
    ReplicaState,
    Role,
    read_fatal_end,
    read_plan,
    read_record,
    recorded_processes,
    running_init,
)
from waqiti.operations.switches.modes import ModeOn, modes_on


class InitStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """Init; no pid where it does not run. ``note`` says what is wrong with it."""

    pid: int | None
    note: str = ""


class SupervisorStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The supervisor; ready where it takes commands. ``note`` says what is wrong with it."""

    pid: int | None
    ready: bool
    note: str = ""


class PostgresStatus(msgspec.Struct, frozen=True):
    """The server; no pid where it is not ours or does not run."""

    pid: int | None
    port: int | None
    ready: bool


class ProcessStatus(msgspec.Struct, frozen=True):
    """One live process of a replica."""

    role: Role
    pid: int
    started_at: datetime | None


class ReplicaExit(LastExit, frozen=True):
    """How the one of a replica's processes that ended last did so."""

    role: Role


class ReplicaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One replica; ``pid`` and ``port`` are its api process's, memory and its limit those of all its processes."""

    name: str
    pid: int | None
    port: int | None
    state: ReplicaState
    revision: int
    restarts: int
    memory_bytes: int
    memory_limit_bytes: int = DEFAULT_MEMORY_BYTES
    processes: tuple[ProcessStatus, ...]
    last_exit: ReplicaExit | None

    @property
    def is_near_limit(self) -> bool:
        """Whether it uses most of the memory that it may, and will be replaced or killed if that goes on."""
        return self.memory_bytes * 100 >= self.memory_limit_bytes * MEMORY_FINDING_PERCENT


class DeploymentStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployment; ``note`` says what of its specification was lost."""

    name: str
    desired: int
    ready: int
    state: DeploymentState
    revision: int
    release: str
    replicas: tuple[ReplicaStatus, ...]
    note: str = ""

    @property
    def is_as_wanted(self) -> bool:
        """Whether all replicas that shall run are ready: also where none shall."""
        return self.state in {"Ready", "ScaledToZero"}


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The document of ``waqiti status --json``."""

    state: str
    base_url: str | None
    init: InitStatus
    supervisor: SupervisorStatus
    postgres: PostgresStatus
    deployments: tuple[DeploymentStatus, ...]
    modes: tuple[ModeOn, ...]

    @property
    def ready(self) -> bool:
        """Whether everything that shall run does."""
        return bool(self.deployments) and all(row.is_as_wanted for row in self.deployments)

    @property
    def anything_runs(self) -> bool:
        """Whether any process of the platform is alive; a server that is not ours is none."""
        replicas = (replica for row in self.deployments for replica in row.replicas)
        pids = (self.init.pid, self.supervisor.pid, self.postgres.pid)
        return any(pids) or any(replica.processes for replica in replicas)


def cluster_status(layout: Layout) -> ClusterStatus:
    """Read the status of the cluster in a state directory; without one, nothing runs.

    Raises:
        ClusterError: a state file cannot be read.
    """
    plan, record, init = read_plan(layout), read_record(layout), running_init(layout)
    if record is not None and (init is None or record.init != init.ref) and not _anything_alive(record):
        record = None
    return ClusterStatus(
        state=str(layout.root),
        base_url=plan.base_url if plan else None,
        init=_init(init),
        supervisor=_supervisor(layout, record),
        postgres=_postgres(record),
        deployments=_deployments(layout, plan, record),
        modes=modes_on(layout, record),
    )


def _anything_alive(record: Record) -> bool:
    return any(ref.alive for ref in recorded_processes(record))


def _init(init: InitRecord | None) -> InitStatus:
    if init is None:
        return InitStatus(None)
    stopped = f"init is stopped and does nothing: kill -CONT {init.pid} has it go on"
    return InitStatus(init.pid, stopped if init.ref.stopped else "")


def _supervisor(layout: Layout, record: Record | None) -> SupervisorStatus:
    if record is None or not record.supervisor.alive:
        end = read_fatal_end(layout) if record is not None else None
        return SupervisorStatus(None, ready=False, note=f"the supervisor cannot go on: {end.why}" if end else "")
    beat = last_beat(layout)
    if beat is not None and not beat.fresh:
        silent = f"the supervisor shows no sign of life for {beat.age_seconds:.0f} s: what is shown may be as old"
        return SupervisorStatus(record.supervisor.pid, ready=False, note=silent)
    stale = "the supervisor cannot write down what runs (is the disk full?): what is shown is out of date"
    return SupervisorStatus(record.supervisor.pid, record.ready, "" if beat is None or beat.saved else stale)


def _postgres(record: Record | None) -> PostgresStatus:
    postgres = record.postgres if record else None
    if record is None or postgres is None:
        return PostgresStatus(None, None, ready=False)
    if postgres.ref is None:
        # One that is not ours: known only as long as somebody asks it.
        return PostgresStatus(None, postgres.port, ready=postgres.ready and record.supervisor.alive)
    alive = postgres.ref.alive
    return PostgresStatus(postgres.ref.pid if alive else None, postgres.port, ready=alive and postgres.ready)


def _deployments(layout: Layout, plan: Plan | None, record: Record | None) -> tuple[DeploymentStatus, ...]:
    records = {row.name: row.replicas for row in record.deployments} if record else {}
    planned = plan.deployments if plan else ()
    release = plan.release if plan else ""
    return tuple(
        _deployment(_specification(layout, row.name, release, records.get(row.name, ())), records.get(row.name, ()))
        for row in planned
    )


def _specification(layout: Layout, name: str, release: str, records: tuple[ReplicaRecord, ...]) -> Specification:
    try:
        return read_specification(layout, name) or first(name, release, utc_now())
    except ClusterError as error:
        desired = sum(not one.draining for one in records) or 1
        revision = max((one.revision for one in records), default=1)
        return made_anew(name, release, utc_now(), str(error), revision=revision, desired=desired)


def _deployment(spec: Specification, records: tuple[ReplicaRecord, ...]) -> DeploymentStatus:
    replicas = tuple(_replica(spec, row) for row in records)
    ready = sum(replica.state == "Ready" for replica in replicas)
    return DeploymentStatus(
        name=spec.name,
        desired=spec.desired,
        ready=ready,
        state=_state(spec.desired, ready, replicas, rolling=any(_leaves(spec, row) for row in records)),
        revision=spec.revision,
        release=spec.in_force.release,
        replicas=replicas,
        note=spec.lost,
    )


def _leaves(spec: Specification, replica: ReplicaRecord) -> bool:
    return (replica.revision, replica.epoch) != (spec.revision, spec.epoch) or replica.draining


def _state(desired: int, ready: int, replicas: tuple[ReplicaStatus, ...], *, rolling: bool) -> DeploymentState:
    states = {replica.state for replica in replicas}
    if "CrashLoopBackOff" in states:
        return "CrashLoopBackOff"
    if desired == 0 and not replicas:
        return "ScaledToZero"
    if rolling or "Starting" in states:
        return "Progressing"
    return "Ready" if ready >= desired else "Degraded"


def _replica(spec: Specification, record: ReplicaRecord) -> ReplicaStatus:
    alive = [process for process in record.processes if process.ref is not None and process.ref.alive]
    api = next((process for process in alive if process.role == "api"), None)
    exits = [_exit(last, process.role) for process in record.processes if (last := process.last_exit) is not None]
    return ReplicaStatus(
        name=record.name,
        pid=api.ref.pid if api and api.ref else None,
        port=api.port if api else None,
        state=_replica_state(record, alive),
        revision=record.revision,
        restarts=sum(process.restarts for process in record.processes),
        memory_bytes=sum(process.ref.memory_bytes for process in alive if process.ref),
        memory_limit_bytes=spec.memory_limit_bytes(record.revision),
        processes=tuple(ProcessStatus(row.role, row.ref.pid, row.started_at) for row in alive if row.ref),
        last_exit=max(exits, key=lambda last: last.at, default=None),
    )


def _exit(last: LastExit, role: Role) -> ReplicaExit:
    return ReplicaExit(last.code, last.signal, last.reason, last.at, role)


def _replica_state(record: ReplicaRecord, alive: list[ProcessRecord]) -> ReplicaState:
    if any(process.looping for process in record.processes):
        return "CrashLoopBackOff"
    if record.draining:
        return "Draining"
    if len(alive) < len(record.processes):
        return "NotReady"
    unready = [process for process in alive if not process.ready]
    if not unready:
        return "Ready"
    return "NotReady" if any(process.was_ready for process in unready) else "Starting"
