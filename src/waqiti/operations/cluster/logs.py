"""Logs of what the cluster runs: one file per replica, kept below a bound, and its last lines."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

BOUND_BYTES: Final = 16 * 1024 * 1024
_BLOCK_BYTES: Final = 64 * 1024
_OLD: Final = ".1"


def bound(directory: Path, bound_bytes: int = BOUND_BYTES) -> None:
    """Keep each log of a directory below about ``bound_bytes``, and as much again of what came before.

    Writers append to an open file, which therefore is copied and emptied in place.
    """
    for log in directory.glob("*.log"):
        if log.stat().st_size > bound_bytes:
            _keep_end(log, bound_bytes)


def _keep_end(log: Path, kept_bytes: int) -> None:
    with log.open("r+b") as source, log.with_name(log.name + _OLD).open("wb") as old:
        source.seek(-min(kept_bytes, log.stat().st_size), os.SEEK_END)
        while block := source.read(_BLOCK_BYTES):
            old.write(block)
        source.truncate(0)


def tail(log: Path, count: int) -> list[str]:
    """Return the last ``count`` lines of a log, those before its last emptying included."""
    lines = _last_lines(log, count)
    if len(lines) < count:
        lines = _last_lines(log.with_name(log.name + _OLD), count - len(lines)) + lines
    return lines


def _last_lines(file: Path, count: int) -> list[str]:
    if count <= 0 or not file.exists():
        return []
    content = b""
    for block in _blocks_from_end(file):
        content = block + content
        if content.count(b"\n") > count:
            break
    return content.decode(errors="replace").splitlines()[-count:]


def _blocks_from_end(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        position = source.seek(0, os.SEEK_END)
        while position > 0:
            size = min(_BLOCK_BYTES, position)
            position -= size
            source.seek(position)
            yield source.read(size)
