"""``<state>/events.jsonl``: what the supervisor did and saw, one object a line, for whoever asks later."""

import fcntl
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

BOUND_BYTES: Final = 8 * 1024 * 1024
_MODE: Final = 0o600


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened to a process, a replica or a deployment; ``lines`` are the last ones of its log.

    A change that somebody asked for has an ``id``, its ``actor``, and what was ``before`` and ``after``.
    """

    at: datetime
    kind: str
    id: str = ""
    actor: str = ""
    before: str = ""
    after: str = ""
    deployment: str = ""
    replica: str = ""
    role: str = ""
    pid: int = 0
    code: int | None = None
    signal: int | None = None
    reason: str = ""
    detail: str = ""
    lines: list[str] = []


class Journal:
    """Appends entries; at 8 MiB the file becomes ``events.jsonl.1`` and a new one begins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entry: JournalEntry) -> None:
        """Write one line; where the disk is full the entry is lost, and neither what it is about nor the next one."""
        with suppress(OSError):
            self._write(msgspec.json.encode(entry) + b"\n")

    def _write(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            # Others append meanwhile, so what a full disk cut off is ended and not taken back.
            os.write(descriptor, (b"\n" if _is_cut_off(descriptor) else b"") + line)
            if os.fstat(descriptor).st_size > BOUND_BYTES:
                self._set_aside(descriptor)
        finally:
            os.close(descriptor)

    def _set_aside(self, descriptor: int) -> None:
        """Begin a new file, unless another process does or did: its new one would take the place of the full one."""
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                self._path.replace(self._path.with_name(self._path.name + ".1"))


def _is_cut_off(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
