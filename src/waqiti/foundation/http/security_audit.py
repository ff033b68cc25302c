"""Who was let in and who was not: while the switch is on, a line for each authentication and each authorisation."""

from typing import Final, Literal

import msgspec

from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.http.exchange import Incoming
from waqiti.foundation.http.lines import JsonLines
from waqiti.foundation.security import ANONYMOUS
from waqiti.foundation.settings import Settings
from waqiti.foundation.telemetry import counter

_FORBIDDEN: Final = 403
_lost: Final = counter("security_audit_lines_lost", "Writes of the security audit that failed, as on a full disk.")


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    at: str
    event: Literal["authentication", "authorisation"]
    outcome: Literal["granted", "refused"]
    service: str
    request_id: str
    trace_id: str
    key_id: str
    caller: str | None
    method: str
    path: str
    route: str
    status: int
    code: str | None = None


class SecurityAudit:
    """Writes JSON lines to standard output; ids only, no query, no body, no key."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._lines = JsonLines(_lost)
        self.on = False

    def apply(self, settings: Settings) -> None:
        """Follow the switch."""
        self.on = settings.security_audit

    def write(self, incoming: Incoming, route: str, status: int) -> None:
        """Write what was decided about a request whose caller was looked at, or that a mode refused."""
        known, refused = incoming.principal is not ANONYMOUS, incoming.refused_by is not None
        if incoming.is_judged:
            self._write(incoming, route, status, "authentication", granted=known)
        if refused:
            self._write(incoming, route, status, "authorisation", granted=False)
        elif known:
            self._write(incoming, route, status, "authorisation", granted=status != _FORBIDDEN)

    def _write(
        self,
        incoming: Incoming,
        route: str,
        status: int,
        event: Literal["authentication", "authorisation"],
        *,
        granted: bool,
    ) -> None:
        self._lines.write(
            _Line(
                at=rfc3339(utc_now()),
                event=event,
                outcome="granted" if granted else "refused",
                service=self._service,
                request_id=incoming.request_id,
                trace_id=incoming.trace.trace_id,
                key_id=incoming.principal.key_id,
                caller=incoming.principal.service,
                method=incoming.method,
                path=incoming.path,
                route=route,
                status=status,
                code=incoming.refused_by,
            )
        )
