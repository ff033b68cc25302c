"""What the cluster writes down about itself: the plan that ``up`` made, and the supervisor's record of what runs."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from waqiti.operations.state.files import read_document, read_passing_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id

Role = Literal["api", "worker"]
Reason = Literal["Error", "OOMKilled", "Liveness", "Completed"]
ReplicaState = Literal["Starting", "Ready", "NotReady", "Draining", "CrashLoopBackOff"]
DeploymentState = Literal["Ready", "Progressing", "Degraded", "CrashLoopBackOff", "ScaledToZero"]

MEMORY_FINDING_PERCENT: Final = 80
"""Of its limit: from there on a replica's memory is a finding."""


class PlannedDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment as it shall run. ``port`` 0 is any free one, which is kept from then on.

    ``public_port`` is that of the platform's one public address, beside the deployment's own.
    """

    name: str
    roles: tuple[Role, ...] = ("api",)
    start_order: int = 1
    port: int = 0
    public_port: int | None = None


class PlannedPostgres(msgspec.Struct, frozen=True, kw_only=True):
    """The server: ours, or one that is only used, by its administrator's URL."""

    url: str | None = None
    fsync: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What ``up`` decided. Name, ``--role`` and role follow ``serve``; the state directory follows ``prepare``.

    A process that shows no sign of life for ``liveness_seconds`` is killed.
    """

    base_url: str
    deployments: tuple[PlannedDeployment, ...]
    serve: tuple[str, ...]
    supervisor: tuple[str, ...]
    prepare: tuple[str, ...] | None = None
    postgres: PlannedPostgres | None = None
    release: str = ""
    liveness_seconds: float = 30.0


class InitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What init writes: itself, the listening sockets that it holds, and the pipe of exit statuses.

    ``ports`` are the deployments' own, ``descriptors`` those of all sockets that a deployment's replicas inherit.
    ``launch`` names the start of the platform: an init that takes over from a killed one goes on with it.
    """

    boot_id: str
    pid: int
    start_ticks: int
    ports: dict[str, int] = {}
    descriptors: dict[str, tuple[int, ...]] = {}
    exits_descriptor: int = -1
    launch: str = ""
    failure: str | None = None

    @property
    def ref(self) -> ProcessRef:
        return ProcessRef(self.pid, self.start_ticks)


class LastExit(msgspec.Struct, frozen=True):
    """How a process ended: by itself with ``code``, or by ``signal``; neither where nobody could learn it."""

    code: int | None
    signal: int | None
    reason: Reason
    at: datetime


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a replica; ``ref`` is None between its end and its next start.

    ``was_ready`` says that it has been ready since its last start.
    """

    role: Role
    ref: ProcessRef | None
    started_at: datetime | None
    port: int | None
    ready: bool
    was_ready: bool
    looping: bool
    restarts: int
    last_exit: LastExit | None


class ReplicaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One replica; ``revision`` is what it runs, ``epoch`` the restart of its deployment that it came with.

    One that is ``outgrown`` is to be replaced, for it uses most of the memory that it may.
    """

    name: str
    number: int
    revision: int
    epoch: int
    draining: bool
    outgrown: bool = False
    processes: tuple[ProcessRecord, ...]


class DeploymentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The replicas that a deployment has; what it shall be stands in its specification."""

    name: str
    replicas: tuple[ReplicaRecord, ...]


class PostgresRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The server; ``ref`` is None for one that is not ours."""

    ref: ProcessRef | None
    port: int | None
    ready: bool


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All that the supervisor knows, written at each change and read by its successor and by ``status``."""

    boot_id: str
    init: ProcessRef
    supervisor: ProcessRef
    ready: bool
    prepared: bool
    failure: str | None
    postgres: PostgresRecord | None
    deployments: tuple[DeploymentRecord, ...]


class FatalEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor's last end that no other start of it could mend; ``times`` one after the other, in this boot.

    ``at_seconds`` is the monotonic clock's, which all processes of a boot share.
    """

    boot_id: str
    at_seconds: float
    times: int
    why: str


def recorded_processes(record: Record) -> list[ProcessRef]:
    """List the processes that a record names: the supervisor, PostgreSQL, replicas."""
    postgres = record.postgres.ref if record.postgres else None
    return [ref for ref in (record.supervisor, postgres, *recorded_replicas(record)) if ref is not None]


def recorded_replicas(record: Record) -> list[ProcessRef]:
    """List the processes of replicas that a record names."""
    processes = [one.ref for row in record.deployments for replica in row.replicas for one in replica.processes]
    return [ref for ref in processes if ref is not None]


def read_plan(layout: Layout) -> Plan | None:
    """Return the plan of a state directory, if there is one."""
    return read_document(layout.plan, Plan)


def read_record(layout: Layout) -> Record | None:
    """Return what ran in this boot of the machine; earlier boots left nothing running, nor did one that damaged it."""
    record = read_passing_document(layout.record, Record)
    return record if record is not None and record.boot_id == boot_id() else None


def read_init(layout: Layout) -> InitRecord | None:
    """Return what the last init of this boot wrote, if it has."""
    record = read_passing_document(layout.init, InitRecord)
    return record if record is not None and record.boot_id == boot_id() else None


def running_init(layout: Layout) -> InitRecord | None:
    """Return the init that runs, if one does."""
    record = read_init(layout)
    return record if record is not None and record.ref.alive else None


def read_fatal_end(layout: Layout) -> FatalEnd | None:
    """Return how the supervisor ended for good in this boot, where none has been ready since."""
    found = read_passing_document(layout.fatal_end, FatalEnd)
    return found if found is not None and found.boot_id == boot_id() else None
