"""Logs of what the cluster runs: one file per replica, kept below a bound, and its last lines."""

import os
from pathlib import Path
from typing import Final

from waqiti.operations.state.ends import blocks_from_end

BOUND_BYTES: Final = 16 * 1024 * 1024
LINE_CHARACTERS: Final = 2000
WHOLE_LINE_CHARACTERS: Final = 16 * 1024
_LINE_BYTES: Final = WHOLE_LINE_CHARACTERS
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


def size_of(log: Path) -> int:
    """Return how many bytes stand in a log; 0 where there is none."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, count: int, line_characters: int = LINE_CHARACTERS, since_bytes: int = 0) -> list[str]:
    """Return the last ``count`` lines of a log, those before its last emptying included.

    Each has at most ``line_characters``, and at most 16 KiB for each line are read: of a longer one this is a part. The
    first ``since_bytes``, which others wrote, are left out, unless the log was emptied since.
    """
    most_bytes = count * _LINE_BYTES
    if 0 < since_bytes <= (size := size_of(log)):
        return [line[:line_characters] for line in _last_lines(log, count, min(most_bytes, size - since_bytes))]
    lines = _last_lines(log, count, most_bytes)
    if len(lines) < count:
        lines = _last_lines(log.with_name(log.name + _OLD), count - len(lines), most_bytes) + lines
    return [line[:line_characters] for line in lines]


def _last_lines(file: Path, count: int, most_bytes: int) -> list[str]:
    if count <= 0 or not file.exists():
        return []
    blocks: list[bytes] = []
    breaks = 0
    with file.open("rb") as source:
        for block in blocks_from_end(source, _BLOCK_BYTES, most_bytes):
            blocks.append(block)
            breaks += block.count(b"\n")
            if breaks > count:
                break
    return b"".join(reversed(blocks)).decode(errors="replace").splitlines()[-count:]
