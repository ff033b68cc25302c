"""One line for each request, at the edge of the platform."""

from typing import Final

import msgspec

from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.http.exchange import Incoming
from waqiti.foundation.http.lines import JsonLines
from waqiti.foundation.telemetry import counter

_lost: Final = counter("http_access_lines_lost", "Writes of the access log that failed, as on a full disk.")


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
        self._lines = JsonLines(_lost)

    def write(self, incoming: Incoming, route: str, status: int, seconds: float) -> None:
        """Write the line of one request."""
        self._lines.write(
            _Line(
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
        )
