"""What replicas use of the machine, over one second."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from waqiti.operations.cluster.diagnostics import Usage
from waqiti.operations.cluster.revisions import DEFAULT_MEMORY_BYTES
from waqiti.operations.cluster.specification import read_specification
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef
from waqiti.operations.state.record import ReplicaRecord, read_record

_PERIOD_SECONDS: Final = 1.0


async def measure(layout: Layout, names: tuple[str, ...]) -> tuple[Usage, ...]:
    """Return what every replica of these deployments uses, of all where none is named; sorted by deployment."""
    before, began = _cpu_seconds(layout), time.monotonic()
    await asyncio.sleep(_PERIOD_SECONDS)
    after, ended = _cpu_seconds(layout), time.monotonic()
    record = read_record(layout)
    rows = sorted(record.deployments, key=lambda row: row.name) if record is not None else []
    return tuple(
        Usage(
            replica=replica.name,
            deployment=row.name,
            cpu_cores=round(_spent(replica, before, after) / (ended - began), 3),
            memory_bytes=sum(ref.memory_bytes for ref in _processes(replica)),
            memory_limit_bytes=_limit_bytes(layout, row.name, replica.revision),
        )
        for row in rows
        if not names or row.name in names
        for replica in row.replicas
    )


def _limit_bytes(layout: Layout, name: str, revision: int) -> int:
    spec = read_specification(layout, name)
    return DEFAULT_MEMORY_BYTES if spec is None else spec.memory_limit_bytes(revision)


def _cpu_seconds(layout: Layout) -> dict[ProcessRef, float]:
    record = read_record(layout)
    rows = record.deployments if record is not None else ()
    refs = [ref for row in rows for replica in row.replicas for ref in _processes(replica)]
    return {ref: seconds for ref in refs if (seconds := ref.cpu_seconds) is not None}


def _spent(replica: ReplicaRecord, before: Mapping[ProcessRef, float], after: Mapping[ProcessRef, float]) -> float:
    # What began meanwhile has spent all that it has within the period.
    return sum(max(0.0, after[ref] - before.get(ref, 0.0)) for ref in _processes(replica) if ref in after)


def _processes(replica: ReplicaRecord) -> list[ProcessRef]:
    return [process.ref for process in replica.processes if process.ref is not None]
