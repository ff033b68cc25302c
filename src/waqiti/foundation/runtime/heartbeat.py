"""The sign of life of a process: a file that its event loop touches every second."""

import asyncio
import os
from pathlib import Path
from typing import Final

from waqiti.foundation.pausing import until_beat

_BEAT_SECONDS: Final = 1.0


class Heartbeat:
    """Touches ``path`` each second; a blocked event loop stops it, which is the point."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; the file is made where it is missing."""
        self._path.touch()
        self._beat(asyncio.get_running_loop())

    def stop(self) -> None:
        """End; the file stays."""
        if self._next is not None:
            self._next.cancel()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            os.utime(self._path)
        except FileNotFoundError:
            self._path.touch()
        self._next = loop.call_later(until_beat(_BEAT_SECONDS, loop.time()), self._beat, loop)
