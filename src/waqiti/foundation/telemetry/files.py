"""The files in which a replica's processes keep their metrics, read from outside: nobody is asked.

``prometheus_client`` keeps each value as two doubles at a place that stays where it is for as long as its file lives
(``prometheus_client.mmap_dict``), so what is wanted costs an unpacking each.
"""

import json
import mmap
import os
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client.mmap_dict import MmapedDict

from waqiti.foundation.telemetry.metrics import FIGURES

Wanted = Callable[[str, Mapping[str, str]], str | None]
"""From the name of an exported number and its labels to the name of the sum that it belongs to; None is passed over."""

_HEAD: Final = struct.Struct("i")
_VALUE: Final = struct.Struct("dd")
_LIVE: Final = "gauge_live"
# Of two changes within a tick of the kernel's clock the second leaves the directory's time as it is.
_SETTLED_NANOSECONDS: Final = 1_000_000_000
_LEAST: Final = "gauge_livemin"
_MOST: Final = "gauge_livemax"


class Measured(msgspec.Struct, frozen=True):
    """What a replica's processes have counted, and what stands at this moment, each by name.

    ``pids`` are those of all processes that ever counted in the directory: while it lasts none of them goes.
    """

    counters: dict[str, float]
    gauges: dict[str, float]
    pids: frozenset[int]


class MetricFiles:
    """The metric files in one directory, over the lives of the processes that write them."""

    def __init__(self, directory: Path, wanted: Wanted) -> None:
        self._directory = directory
        self._wanted = wanted
        self._listed: tuple[int, int] | None = None
        self._files: dict[str, _MetricFile] = {}

    def read(self) -> Measured | None:
        """Return what stands in the files; None where there is no directory."""
        if not self._list():
            self.close()
            return None
        counters: dict[str, float] = {}
        gauges: dict[str, float] = {}
        for file in self._files.values():
            if not file.is_gauge:
                file.add_to(counters)
            elif file.is_of_a_living:
                file.merge_into(gauges)
        return Measured(counters, gauges, frozenset(file.pid for file in self._files.values() if not file.is_gauge))

    def close(self) -> None:
        """Let go of every file."""
        for file in self._files.values():
            file.close()
        self._files, self._listed = {}, None

    def _list(self) -> bool:
        """Take up files that are new and let go of those that are gone; return whether the directory is there."""
        try:
            found = os.stat(self._directory)  # noqa: PTH116 - this runs many times a minute
            listed = (found.st_ino, found.st_mtime_ns)
            if listed == self._listed:
                return True
            names = {entry.name: entry.inode() for entry in os.scandir(self._directory) if _is_metrics(entry.name)}
        except (FileNotFoundError, NotADirectoryError):
            return False
        for name in [name for name, file in self._files.items() if names.get(name) != file.inode]:
            self._files.pop(name).close()
        complete = time.time_ns() - found.st_mtime_ns > _SETTLED_NANOSECONDS
        for name in names.keys() - self._files.keys():
            file = _MetricFile.opened(self._directory / name, self._wanted)
            if file is not None:
                self._files[name] = file
            else:
                # It is being made, or has just gone: the next look lists anew.
                complete = False
        self._listed = listed if complete else None
        return True


class _MetricFile:
    """One file: counters, histograms or gauges of one process."""

    def __init__(self, path: Path, content: mmap.mmap, inode: int, wanted: Wanted) -> None:
        self.inode = inode
        self.pid = int(path.stem.rpartition("_")[2])
        self.is_gauge = not path.name.startswith(("counter_", "histogram_"))
        self._path = path
        self._wanted = wanted
        self._content = content
        self._used = 0
        self._places: list[tuple[str, int]] = []

    @classmethod
    def opened(cls, path: Path, wanted: Wanted) -> "_MetricFile | None":
        """Open a file; None where it is gone, or its process has not yet laid it out."""
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_size < mmap.PAGESIZE:
                    return None
                return cls(path, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), found.st_ino, wanted)
        except FileNotFoundError:
            return None

    @property
    def is_of_a_living(self) -> bool:
        """Whether the process that says how something stands still runs; other gauges outlast it."""
        if not self._path.name.startswith((_LIVE, FIGURES)):
            return True
        return os.path.exists(f"/proc/{self.pid}")  # noqa: PTH110 - this runs many times a minute

    def add_to(self, sums: dict[str, float]) -> None:
        """Add up counts."""
        for name, place in self._known_places():
            sums[name] = sums.get(name, 0.0) + _VALUE.unpack_from(self._content, place)[0]

    def merge_into(self, gauges: dict[str, float]) -> None:
        """Merge gauges as their file is called; what is not a number says that nothing is known."""
        for name, place in self._known_places():
            value = _VALUE.unpack_from(self._content, place)[0]
            if value == value:  # noqa: PLR0124 - NaN differs from itself
                gauges[name] = self._merged(gauges.get(name), value)

    def close(self) -> None:
        """Let go of it."""
        self._content.close()

    def _merged(self, former: float | None, value: float) -> float:
        if former is None or self._path.name.startswith(FIGURES):
            return value
        if self._path.name.startswith(_LEAST):
            return min(former, value)
        if self._path.name.startswith(_MOST):
            return max(former, value)
        return former + value

    def _known_places(self) -> list[tuple[str, int]]:
        if _HEAD.unpack_from(self._content, 0)[0] != self._used:
            # One that has vanished, or is damaged, keeps the places that it had.
            with suppress(FileNotFoundError, RuntimeError, ValueError, struct.error):
                self._find_places()
        return self._places

    def _find_places(self) -> None:
        with self._path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        used, places = _HEAD.unpack_from(content, 0)[0], []
        for key, _, _, place in MmapedDict.read_all_values_from_file(self._path):  # type: ignore[no-untyped-call]
            _, name, labels, _ = json.loads(key)
            wanted = self._wanted(name, labels)
            if wanted is not None and place + _VALUE.size <= len(content):
                places.append((wanted, place))
        self._content.close()
        self._content, self._used, self._places = content, used, places


def _is_metrics(name: str) -> bool:
    return name.endswith(".db") or name.startswith(FIGURES)
