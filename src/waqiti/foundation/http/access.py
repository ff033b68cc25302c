"""One line for each request, at the edge of the platform."""

import asyncio
import sys
from typing import Final

import msgspec

from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.http.exchange import Incoming
from waqiti.foundation.telemetry.metrics import counter

_FLUSH_SECONDS: Final = 0.2
_LOST: Final = counter("http_access_lines_lost_total", "Writes of the access log that failed, as on a full disk.")


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    event: str = "request"
    service: str
    request_id: str
    trace_id: str
    key_id: str
    method: str
    path: str
    route: str
    status: int
    ms: float


class AccessLog:
    """Writes JSON lines to standard output; ids only, no query and no body."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._encode = msgspec.json.Encoder().encode
        self._flush: asyncio.TimerHandle | None = None

    def write(self, incoming: Incoming, route: str, status: int, seconds: float) -> None:
        """Write the line of one request."""
        line = _Line(
            at=rfc3339(utc_now()),
            service=self._service,
            request_id=incoming.request_id,
            trace_id=incoming.trace.trace_id,
            key_id=incoming.principal.key_id,
            method=incoming.method,
            path=incoming.path,
            route=route,
            status=status,
            ms=round(seconds * 1000, 3),
        )
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
