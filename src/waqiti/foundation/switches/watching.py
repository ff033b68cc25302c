"""Hearing from the kernel that a file was replaced (inotify, Linux).

The libraries for it look up the C library by running a compiler or ``ldconfig`` at each start of a process; two calls
do without.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

_MOVED_TO: Final = 0x80
_CLOSED_AFTER_WRITING: Final = 0x08
_EVENT_BYTES: Final = 64 * 1024


class FileWatch:
    """Calls ``changed`` whenever something in the directory of ``path`` was renamed into place or written."""

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        """Begin to watch.

        Raises:
            OSError: the kernel has no watch to give, or the directory is gone.
        """
        self._changed = changed
        self._descriptor = _watch(path.parent)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    def close(self) -> None:
        """Watch no longer."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        # What happened is of no interest: whoever is told looks at the file.
        os.read(self._descriptor, _EVENT_BYTES)
        self._changed()


def _watch(directory: Path) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise _failure()
    if library.inotify_add_watch(descriptor, os.fsencode(directory), _MOVED_TO | _CLOSED_AFTER_WRITING) < 0:
        failure = _failure()
        os.close(descriptor)
        raise failure
    return int(descriptor)


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
