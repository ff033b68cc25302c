"""Files read from their end: of a log or a journal the newest is asked for first."""

import os
from collections.abc import Iterator
from typing import BinaryIO


def blocks_from_end(file: BinaryIO, block_bytes: int, most_bytes: int | None = None) -> Iterator[bytes]:
    """Yield the content of a file in blocks, the last first; its last ``most_bytes`` only, where that is given."""
    position = file.seek(0, os.SEEK_END)
    end = 0 if most_bytes is None else max(position - most_bytes, 0)
    while position > end:
        size = min(block_bytes, position - end)
        position -= size
        file.seek(position)
        yield file.read(size)
