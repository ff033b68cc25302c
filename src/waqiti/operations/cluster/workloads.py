"""What operations ask of whatever runs the deployments: the same words for processes of this machine and for others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from waqiti.operations.cluster.revisions import Resources, Revision
from waqiti.operations.state.record import DeploymentState, LastExit


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a change, and why."""

    actor: str
    reason: str = ""


class WorkloadReplica(msgspec.Struct, frozen=True, kw_only=True):
    """One replica: ``id`` names this start of it and no other; ``address`` is its own, for health and diagnostics."""

    name: str
    id: str
    address: str | None
    revision: int
    ready: bool
    restarts: int
    last_exit: LastExit | None


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment and its replicas; ``revision`` is the one in force."""

    name: str
    desired: int
    ready: int
    state: DeploymentState
    revision: int
    release: str
    replicas: tuple[WorkloadReplica, ...]


class ChangedWorkload(Workload, frozen=True, kw_only=True):
    """A deployment as a change left it; ``changed`` is False where it was so already.

    ``notes`` are sentences for whoever asked for it.
    """

    changed: bool
    notes: tuple[str, ...] = ()


class Workloads(Protocol):
    """The deployments. Each change returns once it is complete and every replica is ready.

    Every method raises ``ClusterError``: with exit code 2 where there is no such deployment, 3 where a precondition
    refuses, 1 where a change was not completed; what served before then serves on.
    """

    async def list(self) -> tuple[Workload, ...]:
        """Return every deployment, as it is."""
        ...

    async def revisions(self, name: str) -> tuple[Revision, ...]:
        """Return the revisions that are remembered, the newest first."""
        ...

    async def scale(self, name: str, replicas: int, by: Author) -> ChangedWorkload:
        """Have as many replicas."""
        ...

    async def restart(self, name: str, by: Author) -> ChangedWorkload:
        """Replace every replica by one of the same revision."""
        ...

    async def set(
        self, name: str, environment: Mapping[str, str | None], resources: Resources | None, by: Author
    ) -> ChangedWorkload:
        """Make a revision with variables changed, or removed where None; and with other limits where given."""
        ...

    async def deploy(self, name: str, release: Path, by: Author) -> ChangedWorkload:
        """Make a revision that runs the ``waqiti`` package in the directory ``release``."""
        ...

    async def undo(self, name: str, to: int | None, by: Author) -> ChangedWorkload:
        """Go back to the revision before, or to the one numbered ``to``."""
        ...
