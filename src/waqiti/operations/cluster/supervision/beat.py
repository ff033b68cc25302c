"""The supervisor's sign of life: the times of an empty file, which also a full disk lets be set.

Its modification is the last beat, in nanoseconds of the monotonic clock, which all processes of a boot share. Its
access is that too, or 0 where what the supervisor knows could not be written down.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from waqiti.operations.cluster.children.patience import FRESH_SECONDS
from waqiti.operations.state.layout import Layout

EVERY_SECONDS: Final = 1.0
_SECOND_NS: Final = 10**9


@dataclass(frozen=True)
class Beat:
    """The last sign of life: how long ago, and whether the record was up to date then."""

    age_seconds: float
    saved: bool

    @property
    def fresh(self) -> bool:
        """Whether it is at most 5 s old."""
        return self.age_seconds <= FRESH_SECONDS


def beat(layout: Layout, *, saved: bool) -> None:
    """Show a sign of life; where that cannot be done nobody judges by it.

    The directory of heartbeats must be there.
    """
    with suppress(OSError):
        layout.supervisor_beat.touch(mode=0o600)
        at_ns = time.monotonic_ns()
        os.utime(layout.supervisor_beat, ns=(at_ns if saved else 0, at_ns))


def last_beat(layout: Layout) -> Beat | None:
    """Return the last sign of life; None where there was none in this boot."""
    try:
        found = layout.supervisor_beat.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    age_ns = time.monotonic_ns() - found.st_mtime_ns
    return Beat(age_ns / _SECOND_NS, saved=found.st_atime_ns != 0) if age_ns >= 0 else None
