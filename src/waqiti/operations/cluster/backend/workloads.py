"""Changes of the deployments of this machine, which its supervisor makes."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

from msgspec import structs

from waqiti.operations.cluster import rolling
from waqiti.operations.cluster.revisions import Resources, Revision
from waqiti.operations.cluster.specification import read_specification
from waqiti.operations.cluster.status import DeploymentStatus, ReplicaStatus, cluster_status
from waqiti.operations.cluster.workloads import Author, ChangedWorkload, Workload, WorkloadReplica
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import ReplicaRecord, read_record

_HOST: Final = "127.0.0.1"

T = TypeVar("T")


class LocalWorkloads:
    """``Workloads`` of the cluster in a state directory.

    Who waits for a change and is cancelled stops waiting; the supervisor goes on with it.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    async def list(self) -> tuple[Workload, ...]:
        """Return every deployment; see ``Workloads.list``."""
        return await asyncio.to_thread(self._list)

    async def revisions(self, name: str) -> tuple[Revision, ...]:
        """Return its revisions, the newest first; see ``Workloads.revisions``."""
        rolling.check_deployment(self._layout, name)
        spec = read_specification(self._layout, name)
        return tuple(reversed(spec.revisions)) if spec is not None else ()

    async def scale(self, name: str, replicas: int, by: Author) -> ChangedWorkload:
        """Have as many replicas; see ``Workloads.scale``."""
        return await self._changed(name, lambda: rolling.scale_deployment(self._layout, name, replicas, by))

    async def restart(self, name: str, by: Author) -> ChangedWorkload:
        """Replace every replica; see ``Workloads.restart``."""
        return await self._changed(name, lambda: rolling.restart_deployment(self._layout, name, by))

    async def set(
        self, name: str, environment: Mapping[str, str | None], resources: Resources | None, by: Author
    ) -> ChangedWorkload:
        """Make a revision with other variables or limits; see ``Workloads.set``."""
        return await self._changed(
            name, lambda: rolling.configure_deployment(self._layout, name, environment, resources, by)
        )

    async def deploy(self, name: str, release: Path, by: Author) -> ChangedWorkload:
        """Make a revision that runs a release; see ``Workloads.deploy``."""
        return await self._changed(name, lambda: rolling.deploy_release(self._layout, name, release, by))

    async def undo(self, name: str, to: int | None, by: Author) -> ChangedWorkload:
        """Go back; see ``Workloads.undo``."""
        return await self._changed(name, lambda: rolling.undo_deployment(self._layout, name, to, by))

    async def _changed(self, name: str, change: Callable[[], rolling.Done]) -> ChangedWorkload:
        done = await _waited_for(change)
        found = next((one for one in await self.list() if one.name == name), None)
        if found is None:
            raise ClusterError(f"{name} is gone: the platform was removed meanwhile")
        return ChangedWorkload(**structs.asdict(found), changed=done.changed, notes=done.notes)

    def _list(self) -> tuple[Workload, ...]:
        record = read_record(self._layout)
        rows = record.deployments if record is not None else ()
        records = {replica.name: replica for row in rows for replica in row.replicas}
        return tuple(_workload(row, records) for row in cluster_status(self._layout).deployments)


async def _waited_for(work: Callable[[], T]) -> T:
    """Have it done in a thread of its own that nobody has to wait for: neither who is cancelled, nor an interpreter."""
    found: Future[T] = Future()
    found.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is whoever's who waits
            found.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(found)


def _workload(row: DeploymentStatus, records: Mapping[str, ReplicaRecord]) -> Workload:
    return Workload(
        name=row.name,
        desired=row.desired,
        ready=row.ready,
        state=row.state,
        revision=row.revision,
        release=row.release,
        replicas=tuple(_replica(one, records.get(one.name)) for one in row.replicas),
    )


def _replica(found: ReplicaStatus, record: ReplicaRecord | None) -> WorkloadReplica:
    return WorkloadReplica(
        name=found.name,
        id=_id(record),
        address=f"http://{_HOST}:{found.port}" if found.port is not None else None,
        revision=found.revision,
        ready=found.state == "Ready",
        restarts=found.restarts,
        last_exit=found.last_exit,
    )


def _id(record: ReplicaRecord | None) -> str:
    """Name the present starts of its processes."""
    refs = [process.ref for process in record.processes if process.ref is not None] if record is not None else []
    return "/".join(f"{ref.pid}@{ref.start_ticks}" for ref in refs)
