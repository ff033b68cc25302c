"""The journal read from its end: what is asked about has mostly happened a moment ago."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from waqiti.operations.state.ends import blocks_from_end
from waqiti.operations.state.journal import BOUND_BYTES, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.journalling import EXPIRY

_BLOCK_BYTES: Final = 256 * 1024
# Entries are written by several processes, each a moment after what it tells of.
_OUT_OF_ORDER: Final = timedelta(minutes=1)
_LONGEST_LINE_BYTES: Final = BOUND_BYTES
_ENTRY: Final = msgspec.json.Decoder(JournalEntry)


class Journalled(msgspec.Struct, frozen=True):
    """Entries, newest first, and how many lines were none."""

    entries: list[JournalEntry]
    unreadable_lines: int


def entries_since(layout: Layout, since: datetime) -> Journalled:
    """Return what was journalled from an instant on; nothing where there is no journal.

    Raises:
        OSError: a file of it cannot be read.
    """
    found: list[JournalEntry] = []
    unreadable = 0
    with ExitStack() as opened:
        for line in _lines(_files(layout, opened)):
            try:
                entry = _ENTRY.decode(line)
            except msgspec.MsgspecError:
                unreadable += 1
                continue
            if entry.at >= since:
                found.append(entry)
            # An expiry is written down when somebody next looks, however long ago it was.
            elif entry.actor != EXPIRY and entry.at < since - _OUT_OF_ORDER:
                break
    return Journalled(sorted(found, key=lambda entry: entry.at, reverse=True), unreadable)


def _files(layout: Layout, opened: ExitStack) -> list[BinaryIO]:
    """Open the present journal and the one before; one that was put aside in between is read once."""
    files: list[BinaryIO] = []
    for path in (layout.events, layout.old_events):
        file = _open(path)
        if file is not None:
            opened.enter_context(file)
            if not any(os.path.sameopenfile(file.fileno(), other.fileno()) for other in files):
                files.append(file)
    return files


def _open(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _lines(files: list[BinaryIO]) -> Iterator[bytes]:
    for file in files:
        yield from _backwards(file)


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, the last first; what follows the last break of lines is not yet written."""
    rest, is_last = b"", True
    for block in blocks_from_end(file, _BLOCK_BYTES):
        first, *others = (block + rest).split(b"\n")
        if others and is_last:
            others.pop()
            is_last = False
        yield from filter(None, reversed(others))
        rest = first[-_LONGEST_LINE_BYTES:]
    if not is_last and rest:
        yield rest
