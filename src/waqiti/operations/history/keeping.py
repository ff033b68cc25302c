"""Keeps the history: one sample every two seconds, by one process at a time, whatever becomes of its file."""

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from io import BufferedWriter
from pathlib import Path
from typing import Final

import msgspec

from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.pausing import rest
from waqiti.foundation.telemetry import counter, logger
from waqiti.operations.errors import ClusterError
from waqiti.operations.history.sampling import Sampler
from waqiti.operations.history.store import NewerFile
from waqiti.operations.history.writing import HistoryWriter
from waqiti.operations.state.layout import Layout
from waqiti.operations.store.database import is_broken

EVERY_SECONDS: Final = 2.0
_SET_ASIDE: Final = ".unreadable-"
_MOST_SET_ASIDE: Final = 2
_BESIDE: Final = ("-wal", "-shm")

_kept: Final = counter("history_rounds_total", "Rounds of samples, by what became of them.", ("outcome",))
_log: Final = logger(__name__)


class HistoryKeeper:
    """Samples the cluster in a state directory for as long as no other process does."""

    def __init__(self, layout: Layout, now: Callable[[], datetime] = utc_now) -> None:
        self._layout = layout
        self._now = now
        self._sampler = Sampler(layout)
        self._held: BufferedWriter | None = None
        self._writer: HistoryWriter | None = None
        self._inode = 0
        self._trouble: str | None = None
        self._set_aside: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Sample until ``stop`` is set, in a thread of its own: a slow disk holds up no request."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="history") as thread:
            try:
                while not stop.is_set():
                    began = loop.time()
                    await loop.run_in_executor(thread, self.round)
                    await rest(stop, max(0.0, began + EVERY_SECONDS - loop.time()))
            finally:
                await loop.run_in_executor(thread, self.close)

    async def check(self) -> str:
        """Say how it is, for the health of the service.

        Raises:
            DependencyUnavailable: samples are lost.
        """
        if self._trouble is not None:
            raise DependencyUnavailable("history", self._trouble)
        if self._held is None:
            return "another process samples"
        return "sampling" if self._set_aside is None else f"sampling; {self._set_aside} was not readable and is aside"

    def round(self) -> None:
        """Take one sample and write it down; what fails is told by ``check``, and the next round begins anew."""
        try:
            if not self._hold():
                return
            samples = self._sampler.sample(time.monotonic())
            self._writable().write(self._now(), samples)
        except NewerFile:
            self._lost(f"{self._layout.history} was written by a newer release: use that one")
        except sqlite3.Error as error:
            self._let_go_of_file()
            aside = self._set_file_aside() if is_broken(error) else ""
            self._lost(f"{self._layout.history} cannot be written: {error}{aside}")
        except msgspec.MsgspecError as error:
            self._let_go_of_file()
            self._lost(f"{self._layout.history} holds what nobody wrote: {error}{self._set_file_aside()}")
        except (ClusterError, OSError) as error:
            self._lost(str(error))
        else:
            self._trouble = None
            _kept.labels("kept").inc()

    def close(self) -> None:
        """Close the file, and let another process sample."""
        self._let_go_of_file()
        if self._held is not None:
            self._held.close()
            self._held = None

    def _hold(self) -> bool:
        """Become the one that samples, unless another is; the kernel lets go of the lock when its holder dies."""
        if self._held is not None:
            return True
        self._layout.operations.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._layout.history_lock.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._held = file
        return True

    def _writable(self) -> HistoryWriter:
        """Return the open file: a new one where somebody has removed it."""
        path = self._layout.history
        if self._writer is not None and not _is_at(path, self._inode):
            self._let_go_of_file()
        if self._writer is None:
            path.touch(mode=0o600)
            self._writer = HistoryWriter(path)
            self._inode = path.stat().st_ino
        return self._writer

    def _let_go_of_file(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None

    def _set_file_aside(self) -> str:
        """Keep what cannot be read, so that the next round begins a new file; return why not, to be said of it too."""
        try:
            self._rename_file()
        except OSError as error:
            return f"; and it cannot be set aside: {error}"
        return ""

    def _rename_file(self) -> None:
        """Have it a name that says since when it is not readable, and remove the oldest of those before."""
        path = self._layout.history
        aside = f"{path.name}{_SET_ASIDE}{self._now():%Y%m%dT%H%M%SZ}"
        with suppress(FileNotFoundError):
            path.rename(path.with_name(aside))
            self._set_aside = aside
        for beside in _BESIDE:
            path.with_name(path.name + beside).unlink(missing_ok=True)
        for old in sorted(path.parent.glob(f"{path.name}{_SET_ASIDE}*"))[:-_MOST_SET_ASIDE]:
            old.unlink(missing_ok=True)
        _log.error("history_set_aside", file=aside)

    def _lost(self, why: str) -> None:
        _kept.labels("lost").inc()
        if self._trouble is None:
            _log.error("history_lost", why=why)
        self._trouble = why


def _is_at(path: Path, inode: int) -> bool:
    try:
        return path.stat().st_ino == inode
    except FileNotFoundError:
        return False
