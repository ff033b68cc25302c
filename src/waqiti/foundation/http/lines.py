"""JSON lines on standard output, a write each and a flush now and then: what a full disk takes is counted, no more."""

import asyncio
import sys
from typing import Final

import msgspec

from waqiti.foundation.telemetry.metrics import counter

_FLUSH_SECONDS: Final = 0.2
_LOST: Final = counter("http_access_lines_lost_total", "Writes of the access log that failed, as on a full disk.")


class JsonLines:
    """Writes structs."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._flush: asyncio.TimerHandle | None = None

    def write(self, line: msgspec.Struct) -> None:
        """Write one line; it is on its way within 200 ms."""
        try:
            sys.stdout.write(self._encode(line).decode() + "\n")
        except OSError:
            self._lost()
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flushed)

    def _flushed(self) -> None:
        self._flush = None
        try:
            sys.stdout.flush()
        except OSError:
            self._lost()

    def _lost(self) -> None:
        """The answer was given: a full disk takes the line, and nothing else."""
        _LOST.inc()
