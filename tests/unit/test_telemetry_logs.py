"""Logs: one JSON object a line, ids only, secrets masked."""

import json
import subprocess
import sys
from typing import Any

import pytest

from waqiti.foundation.masking import masked
from waqiti.foundation.telemetry import Trace
from waqiti.foundation.telemetry.trace import accepted_parent, accepted_request_id

_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_PROGRAM = """
import logging
from waqiti.foundation.telemetry import Trace, configure_logs, enter_trace, logger
configure_logs("info", "payment-service", "payment-service-1")
enter_trace(Trace("req_12345678", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
log = logger("waqiti.test")
log.debug("not_written")
log.info("opened", url="postgresql://user:hunter2@host/db", api_key="hunter2", payment_id="pay_1", count=3)
logging.getLogger("asyncpg").warning("from a library: %s", "postgresql://user:hunter2@host")
try:
    raise RuntimeError("what happened")
except RuntimeError as error:
    log.error("failed", exc_info=error)
logging.getLogger().setLevel("DEBUG")
log.debug("written_now", thing=object)
"""


def lines_of(program: str) -> list[dict[str, Any]]:
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stderr == ""
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_each_line_is_an_object_with_its_service_and_trace_and_without_secrets() -> None:
    lines = lines_of(_PROGRAM)
    assert [line["event"] for line in lines] == [
        "opened",
        "from a library: postgresql://user:***@host",
        "failed",
        "written_now",
    ]
    opened, _, failed, _ = lines
    assert (opened["url"], opened["api_key"]) == ("postgresql://user:***@host/db", "***")
    assert (opened["payment_id"], opened["count"], opened["level"]) == ("pay_1", 3, "info")
    assert "RuntimeError: what happened" in failed["exception"]
    for line in lines:
        assert (line["service"], line["replica"]) == ("payment-service", "payment-service-1")
        assert (line["request_id"], line["trace_id"]) == ("req_12345678", _PARENT[3:35])
        assert "hunter2" not in str(line)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("database_url", "postgresql://a:b@h:5432/d", "postgresql://a:***@h:5432/d"),
        ("url", "http://127.0.0.1:80/x?y=1", "http://127.0.0.1:80/x?y=1"),
        ("password", "x", "***"),
        ("token_key_file", "/etc/key", "***"),
        ("DB_PASS", "x", "***"),
        ("smtp-auth", "x", "***"),
        ("SIGNING_KEY1", "x", "***"),
        ("SENTRY_DSN", "x", "***"),
        ("header", "Bearer x", "***"),
        ("header", "basic eDp5", "***"),
        ("pem", "-----BEGIN PRIVATE KEY-----", "***"),
        ("url", "redis://:b@h:6379", "redis://:***@h:6379"),
        ("KEYBOARD", "us", "us"),
        ("FRAUD_BYPASS", "no", "no"),
        ("author", "anna", "anna"),
        ("event", "basics are done", "basics are done"),
        ("replica", "payment-service-1", "payment-service-1"),
    ],
)
def test_what_is_shown_of_a_setting(name: str, text: str, shown: str) -> None:
    assert masked(name, text) == shown


def test_a_trace_goes_on_under_the_clients_trace_id_with_a_span_of_its_own() -> None:
    outward = Trace("req_12345678", _PARENT).traceparent
    assert outward[:36] == _PARENT[:36]
    assert outward[36:52] != _PARENT[36:52]
    assert outward.endswith("-01")
    assert Trace("req_12345678").traceparent != Trace("req_12345678").traceparent


@pytest.mark.parametrize(
    "header",
    [None, b"", b"x", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", _PARENT.upper().encode(), _PARENT.encode() + b"x"],
)
def test_a_malformed_trace_parent_is_not_followed(header: bytes | None) -> None:
    assert accepted_parent(header) is None


def test_a_request_id_is_taken_only_where_it_is_harmless() -> None:
    assert accepted_request_id(b"order-12345678") == "order-12345678"
    for odd in (None, b"", b"short", b"a b c d e f g h", b"x" * 65, b"line\nbreak1234", b'{"json":"12345"}'):
        assert accepted_request_id(odd).startswith("req_")
