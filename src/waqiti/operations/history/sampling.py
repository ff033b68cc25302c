"""One sample of every replica: its metric files, its processes in /proc, and the supervisor's record of it."""

import os
from collections.abc import Iterable
from datetime import datetime

import msgspec

from waqiti.foundation.telemetry.files import MetricFiles
from waqiti.operations.history.names import CPU, MEMORY, READY, RESTARTS, metric_name
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef
from waqiti.operations.state.record import ProcessRecord, Record, ReplicaRecord, read_record


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one replica.

    ``pids`` are its processes that ever counted, ``started_at`` is when the first of those that run was started.
    """

    service: str
    replica: str
    counters: dict[str, float]
    gauges: dict[str, float]
    pids: frozenset[int]
    started_at: datetime | None


class Sampler:
    """Takes samples of the cluster in a state directory; what it has found out about files is kept between them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._record: Record | None = None
        self._record_stands: tuple[int, int] | None = None
        self._files: dict[str, MetricFiles] = {}
        self._processor: dict[ProcessRef, tuple[float, float]] = {}

    def sample(self, monotonic_seconds: float) -> list[Sample]:
        """Return a sample of each replica that the supervisor has written down; none where it has written nothing.

        Raises:
            ClusterError: its record cannot be read.
        """
        record = self._read_record()
        rows = [(row.name, one) for row in record.deployments for one in row.replicas] if record is not None else []
        self._forget({replica.name for _, replica in rows})
        before, self._processor = self._processor, {}
        return [self._sample(service, replica, before, monotonic_seconds) for service, replica in rows]

    def _read_record(self) -> Record | None:
        try:
            found = os.stat(self._layout.record)  # noqa: PTH116 - this runs many times a minute
        except FileNotFoundError:
            self._record, self._record_stands = None, None
            return None
        stands = (found.st_ino, found.st_mtime_ns)
        if stands != self._record_stands:
            self._record = read_record(self._layout)
            self._record_stands = stands
        return self._record

    def _forget(self, replicas: set[str]) -> None:
        for gone in self._files.keys() - replicas:
            self._files.pop(gone).close()

    def _sample(
        self, service: str, replica: ReplicaRecord, before: dict[ProcessRef, tuple[float, float]], now: float
    ) -> Sample:
        files = self._files.get(replica.name)
        if files is None:
            files = self._files[replica.name] = MetricFiles(self._layout.metrics(replica.name), metric_name)
        measured = files.read()
        refs = [one.ref for one in replica.processes if one.ref is not None]
        started = [one.started_at for one in replica.processes if one.started_at is not None]
        return Sample(
            service=service,
            replica=replica.name,
            counters=(measured.counters if measured is not None else {}) | {RESTARTS: _restarts(replica.processes)},
            gauges=(measured.gauges if measured is not None else {})
            | {READY: float(_is_ready(replica)), MEMORY: float(sum(ref.memory_bytes for ref in refs))}
            | self._cores(refs, before, now),
            pids=measured.pids if measured is not None else frozenset(),
            started_at=min(started, default=None),
        )

    def _cores(
        self, refs: Iterable[ProcessRef], before: dict[ProcessRef, tuple[float, float]], now: float
    ) -> dict[str, float]:
        """Return the cores in use since the last sample; nothing where no process was there at that."""
        cores = None
        for ref in refs:
            spent_seconds = ref.cpu_seconds
            if spent_seconds is None:
                continue
            self._processor[ref] = (now, spent_seconds)
            former = before.get(ref)
            if former is not None and now > former[0]:
                cores = (cores or 0.0) + (spent_seconds - former[1]) / (now - former[0])
        return {} if cores is None else {CPU: round(cores, 4)}


def _is_ready(replica: ReplicaRecord) -> bool:
    return not replica.draining and all(one.ready for one in replica.processes)


def _restarts(processes: Iterable[ProcessRecord]) -> float:
    return float(sum(one.restarts for one in processes))
