"""Lines that a full disk takes."""

import sys

import msgspec
import pytest
from prometheus_client import REGISTRY

from waqiti.foundation.http.access import AccessLog
from waqiti.foundation.http.lines import JsonLines
from waqiti.foundation.http.security_audit import SecurityAudit


class Full:
    """A stream on a full disk."""

    def write(self, _: str) -> None:
        raise OSError(28, "no space left on device")

    flush = write


class Line(msgspec.Struct):
    at: str = "now"


async def test_lines_that_are_lost_are_counted_as_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> tuple[float | None, float | None]:
        names = ("http_access_lines_lost_total", "security_audit_lines_lost_total")
        first, second = (REGISTRY.get_sample_value(name) for name in names)
        return first, second

    lines: list[JsonLines] = [AccessLog("here")._lines, SecurityAudit("here")._lines]
    accesses, audits = lost()
    assert accesses is not None
    assert audits is not None
    monkeypatch.setattr(sys, "stdout", Full())
    lines[0].write(Line())
    assert lost() == (accesses + 1, audits)
    lines[1].write(Line())
    assert lost() == (accesses + 1, audits + 1)
