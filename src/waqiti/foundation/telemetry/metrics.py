"""Metrics in Prometheus' form.

A replica's processes share one directory (``PROMETHEUS_MULTIPROC_DIR``) and answer as one.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
FIGURES: Final = "figures_"
"""What the names of files begin with that hold figures: of one process each, and not added up."""
BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Merge = Literal["livesum", "livemax", "livemin", "mostrecent", "sum", "max", "min", "livemostrecent"]
_Metric = TypeVar("_Metric", bound=MetricWrapperBase)

_known: dict[str, MetricWrapperBase] = {}
_figures: "dict[str, Figure]" = {}
_FILE_BYTES: Final = 1 << 16
# Beside its name, padded to 8, an entry holds a length and two doubles.
_ENTRY_BYTES: Final = 32


class _AllocatedDict(MmapedDict):
    """A file whose blocks are there before they are mapped: a write into a hole, on a full disk, is a SIGBUS."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            _allocate(filename, _FILE_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        longest = len(key.encode()) + _ENTRY_BYTES
        if self._used + longest > self._capacity:
            _allocate(self._fname, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


values.MmapedDict = _AllocatedDict  # type: ignore[attr-defined]


class Sample(msgspec.Struct, frozen=True):
    """One exported number."""

    name: str
    labels: dict[str, str]
    value: float


def counter(name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
    """Return the counter ``name``, made on first use; its samples end in ``_total``."""
    return _once(name, Counter, lambda: Counter(name, help_text, labels))


def gauge(name: str, help_text: str, labels: Sequence[str] = (), *, merge: Merge = "livesum") -> Gauge:
    """Return the gauge ``name``; ``merge`` says how the processes of a replica add up."""
    return _once(name, Gauge, lambda: Gauge(name, help_text, labels, multiprocess_mode=merge))


def histogram(
    name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = BUCKETS_SECONDS
) -> Histogram:
    """Return the histogram ``name``; buckets are in its unit, seconds by default."""
    return _once(name, Histogram, lambda: Histogram(name, help_text, labels, buckets=buckets))


class Figure(Collector):
    """A number that the process that is asked has measured: absent until it has, and whenever it could not."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str]) -> None:
        self._name = name
        self._help = help_text
        self._labels = labels
        self._values: dict[tuple[str, ...], float] = {}

    def set(self, value: float | None, *labels: str) -> None:
        """Show ``value`` under these values of the labels; None shows nothing."""
        assert len(labels) == len(self._labels)
        if value is None:
            self._values.pop(labels, None)
        else:
            self._values[labels] = value
        if _DIRECTORY in os.environ:
            # On a full disk it stands in the exposition alone.
            with suppress(OSError):
                self._show(math.nan if value is None else value, labels)

    def _show(self, value: float, labels: tuple[str, ...]) -> None:
        """Write it down for whoever reads the files of this replica."""
        key = mmap_key(self._name, self._name, list(self._labels), list(labels), "")
        _figures_file().write_value(key, value, time.time())  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give what there is to Prometheus' library."""
        family = GaugeMetricFamily(self._name, self._help, labels=self._labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        return [family] if self._values else []


def figure(name: str, help_text: str, labels: Sequence[str] = ()) -> Figure:
    """Return the figure ``name``: a gauge of this process alone, which shows nothing where nothing is known."""
    found = _figures.get(name)
    if found is None:
        found = _figures[name] = Figure(name, help_text, labels)
        REGISTRY.register(found)
    return found


def exposition() -> bytes:
    """Return everything in Prometheus' text format 0.0.4, added up over the processes of the replica."""
    return generate_latest(_registry())


def samples() -> Iterable[Sample]:
    """Yield every exported number."""
    for family in _registry().collect():
        for sample in family.samples:
            yield Sample(sample.name, dict(sample.labels), sample.value)


def forget_dead_processes() -> None:
    """Remove what ended processes of this replica left in live gauges; counters stay, so that they never fall."""
    directory = os.environ.get(_DIRECTORY)
    if directory is None:
        return
    dead = Path(directory)
    for path in (*dead.glob("gauge_live*_*.db"), *dead.glob(f"{FIGURES}*")):
        pid = path.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            path.unlink(missing_ok=True)


@cache
def _figures_file() -> _AllocatedDict:
    # Not a .db: the library would take it for a kind of metric that it knows.
    return _AllocatedDict(str(Path(os.environ[_DIRECTORY], f"{FIGURES}{os.getpid()}.values")))


def _allocate(filename: str, size_bytes: int) -> None:
    with Path(filename).open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        except OSError as error:
            # The error of a descriptor does not say which file it is about.
            raise OSError(error.errno, error.strerror, filename) from error


def _registry() -> CollectorRegistry:
    if _DIRECTORY not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for found in _figures.values():
        registry.register(found)
    return registry


def _once(name: str, kind: type[_Metric], make: Callable[[], _Metric]) -> _Metric:
    found = _known.get(name)
    if found is None:
        found = _known[name] = make()
    assert isinstance(found, kind)
    return found
