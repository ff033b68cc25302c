"""Changes of the deployments of this machine, which its supervisor makes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from waqiti.operations.cluster import rolling
from waqiti.operations.cluster.revisions import Resources, Revision
from waqiti.operations.cluster.specification import read_specification
from waqiti.operations.cluster.status import DeploymentStatus, ReplicaStatus, cluster_status
from waqiti.operations.cluster.workloads import Author, Workload, WorkloadReplica
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import ReplicaRecord, read_record

_HOST: Final = "127.0.0.1"


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

    async def scale(self, name: str, replicas: int, by: Author) -> Workload:
        """Have as many replicas; see ``Workloads.scale``."""
        await asyncio.to_thread(rolling.scale_deployment, self._layout, name, replicas, by)
        return await self._one(name)

    async def restart(self, name: str, by: Author) -> Workload:
        """Replace every replica; see ``Workloads.restart``."""
        await asyncio.to_thread(rolling.restart_deployment, self._layout, name, by)
        return await self._one(name)

    async def set(
        self, name: str, environment: Mapping[str, str | None], resources: Resources | None, by: Author
    ) -> Workload:
        """Make a revision with other variables or limits; see ``Workloads.set``."""
        await asyncio.to_thread(rolling.configure_deployment, self._layout, name, environment, resources, by)
        return await self._one(name)

    async def deploy(self, name: str, release: Path, by: Author) -> Workload:
        """Make a revision that runs a release; see ``Workloads.deploy``."""
        await asyncio.to_thread(rolling.deploy_release, self._layout, name, release, by)
        return await self._one(name)

    async def undo(self, name: str, to: int | None, by: Author) -> Workload:
        """Go back; see ``Workloads.undo``."""
        await asyncio.to_thread(rolling.undo_deployment, self._layout, name, to, by)
        return await self._one(name)

    async def _one(self, name: str) -> Workload:
        found = next((one for one in await self.list() if one.name == name), None)
        if found is None:
            raise ClusterError(f"{name} is gone: the platform was removed meanwhile")
        return found

    def _list(self) -> tuple[Workload, ...]:
        record = read_record(self._layout)
        rows = record.deployments if record is not None else ()
        records = {replica.name: replica for row in rows for replica in row.replicas}
        return tuple(_workload(row, records) for row in cluster_status(self._layout).deployments)


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
