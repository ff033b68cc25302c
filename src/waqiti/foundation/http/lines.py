"""JSON lines on standard output, a write each and a flush now and then: what a full disk takes is counted, no more."""

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from prometheus_client import Counter

_FLUSH_SECONDS: Final = 0.2


class JsonLines:
    """Writes structs; ``lost`` counts the writes that failed."""

    def __init__(self, lost: "Counter") -> None:
        self._lost = lost
        self._encode = msgspec.json.Encoder().encode
        self._flush: asyncio.TimerHandle | None = None

    def write(self, line: msgspec.Struct) -> None:
        """Write one line; it is on its way within 200 ms."""
        try:
            sys.stdout.write(self._encode(line).decode() + "\n")
        except OSError:
            self._lose()
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flushed)

    def _flushed(self) -> None:
        self._flush = None
        try:
            sys.stdout.flush()
        except OSError:
            self._lose()

    def _lose(self) -> None:
        """The answer was given: a full disk takes the line, and nothing else."""
        self._lost.inc()
