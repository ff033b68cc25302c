"""Processes as the kernel shows them: named by pid and start time, so that a reused pid is never taken for another."""

import os
import re
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

_POLL_SECONDS: Final = 0.02
_KIBIBYTE: Final = 1024
_OWN_MEMORY: Final = re.compile(rb"^(?:RssAnon|VmSwap):\s*([0-9]+) kB$", re.MULTILINE)
_BEGINNING_BYTES: Final = 4096
_START_TIME_AFTER_NAME: Final = 19
_PARENT_AFTER_NAME: Final = 1
_USER_TICKS_AFTER_NAME: Final = 11
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


class ProcessRef(msgspec.Struct, frozen=True):
    """One process of this boot: ``start_ticks`` is field 22 of proc_pid_stat(5)."""

    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> "ProcessRef":
        """Name a process that exists, dead or alive.

        Raises:
            ProcessLookupError: there is none.
        """
        return cls(pid, int(_stat(pid)[_START_TIME_AFTER_NAME]))

    @property
    def alive(self) -> bool:
        """Whether it runs; one that has ended and was not yet reaped does not."""
        fields = self._fields
        return fields is not None and fields[0] not in "ZX"

    @property
    def stopped(self) -> bool:
        """Whether a signal or a debugger keeps it from running on."""
        fields = self._fields
        return fields is not None and fields[0] in "Tt"

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time that it has spent, as a program and in the kernel; None where it is gone."""
        fields = self._fields
        if fields is None:
            return None
        return (int(fields[_USER_TICKS_AFTER_NAME]) + int(fields[_USER_TICKS_AFTER_NAME + 1])) / _TICKS_A_SECOND

    def send(self, number: signal.Signals) -> None:
        """Send a signal, where it still runs."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    @property
    def memory_bytes(self) -> int:
        """Memory that only this process uses: RssAnon + VmSwap; 0 where it is gone."""
        try:
            sizes = _OWN_MEMORY.findall(_beginning(f"/proc/{self.pid}/status"))
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return sum(map(int, sizes)) * _KIBIBYTE if self._fields is not None else 0

    @property
    def _fields(self) -> list[str] | None:
        """The fields of its stat from the state on; None where it is gone, and its pid perhaps another's."""
        try:
            fields = _stat(self.pid)
        except ProcessLookupError:
            return None
        return fields if int(fields[_START_TIME_AFTER_NAME]) == self.start_ticks else None


def boot_id() -> str:
    """Return the name of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def parent_of(pid: int) -> int | None:
    """Return the parent of a process; None where it is gone."""
    try:
        return int(_stat(pid)[_PARENT_AFTER_NAME])
    except ProcessLookupError:
        return None


def all_pids() -> list[int]:
    """List every process that this one may see."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208 - names are enough


def environment_of(pid: int) -> dict[str, str]:
    """Return the variables that a process was started with; none where it is gone or another user's."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in os.fsdecode(content).split("\0") if "=" in entry)
    return {name: value for name, _, value in pairs}


def running(command: Sequence[str]) -> list[ProcessRef]:
    """List the processes that run exactly this command."""
    wanted = b"".join(os.fsencode(part) + b"\0" for part in command)
    found = []
    for pid in all_pids():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes() == wanted:
                found.append(ProcessRef.of(pid))
    return found


def descends_from(pid: int, ancestors: set[int]) -> bool:
    """Return whether one of ``ancestors`` is a parent of this process, or of its parent, and so on."""
    parent = parent_of(pid)
    while parent is not None and parent not in ancestors:
        parent = parent_of(parent) if parent > 0 else None
    return parent is not None


def working_in(directory: Path) -> list[ProcessRef]:
    """List the processes whose working directory is ``directory``: a PostgreSQL server's, with its data directory."""
    found = []
    for pid in all_pids():
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(directory):  # noqa: PTH115 - the text, not the file
                found.append(ProcessRef.of(pid))
    return [ref for ref in found if ref.alive]


def wait_gone(refs: list[ProcessRef], timeout_seconds: float) -> list[ProcessRef]:
    """Wait until these processes have ended; return those that have not."""
    deadline = time.monotonic() + timeout_seconds
    while (left := [ref for ref in refs if ref.alive]) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return left


def _beginning(path: str) -> bytes:
    # Read twice a second for every process: this costs half of what a file object does.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _BEGINNING_BYTES)
    finally:
        os.close(descriptor)


def _stat(pid: int) -> list[str]:
    try:
        text = os.fsdecode(_beginning(f"/proc/{pid}/stat"))
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    # The name, in parentheses, may itself hold blanks and parentheses.
    return text.rpartition(")")[2].split()
