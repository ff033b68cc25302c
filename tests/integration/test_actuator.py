"""The actuator: health for whoever asks, the rest for operators."""

import asyncio
import json
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.raw import Answer, RawClient
from tests.support.small_service import API_KEY, OPERATOR_KEY, Credentials, serving, things
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.runtime import Context
from waqiti.foundation.settings import Settings
from waqiti.foundation.telemetry import counter, gauge

READS: Final = (
    "/actuator/metrics",
    "/actuator/metrics/http_requests_total",
    "/actuator/prometheus",
    "/actuator/env",
    "/actuator/loggers",
    "/actuator/loggers/waqiti",
)
WRITES: Final = (("POST", "/actuator/refresh"), ("POST", "/actuator/loggers/waqiti"), ("DELETE", "/cache/clear"))


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


def ask(
    url: str, path: str, *, method: str = "GET", body: bytes | None = None, key: str | None = OPERATOR_KEY
) -> Coroutine[Any, Any, Answer]:
    return asyncio.to_thread(RawClient(url, key).send, method, path, body)


class Dependencies:
    """Two checks that fail when told: one critical, one not; and what was asked to be done."""

    def __init__(self) -> None:
        self.failing: Exception | None = None
        self.hanging = False
        self.done: list[str] = []

    def register(self, context: Context[Settings]) -> None:
        context.health.add("db", self._check)
        context.health.add("mail", self._mail, critical=False)
        context.actuator.on_refresh("rates", lambda: self._do("rates"))
        context.actuator.on_cache_clear("wallets", lambda: self._do("wallets"))

    async def _check(self) -> None:
        if self.hanging:
            await asyncio.sleep(60)
        if self.failing is not None:
            raise self.failing

    async def _mail(self) -> None:
        raise OSError("no mail today")

    async def _do(self, name: str) -> None:
        self.done.append(name)


async def test_health_adds_up_its_critical_components(credentials: Credentials) -> None:
    dependencies = Dependencies()
    async with serving(things(on_build=dependencies.register), credentials) as url:
        up = await ask(url, "/actuator/health", key=None)
        assert up.status == 200
        assert up.document() == {
            "status": "UP",
            "components": {"db": {"status": "UP"}, "mail": {"status": "DOWN", "detail": "OSError"}},
        }
        dependencies.failing = DependencyUnavailable("postgres", "No connection to postgres.")
        down = await ask(url, "/actuator/health/readiness", key=None)
        assert (down.status, down.document()["status"]) == (503, "DOWN")
        assert down.document()["components"]["db"]["detail"] == "No connection to postgres."
        alive = await ask(url, "/actuator/health/liveness", key=None)
        assert (alive.status, alive.document()) == (200, {"status": "UP"})


async def test_a_check_that_hangs_is_a_finding_within_half_a_second(credentials: Credentials) -> None:
    dependencies = Dependencies()
    dependencies.hanging = True
    async with serving(things(on_build=dependencies.register), credentials) as url:
        began = time.monotonic()
        answer = await ask(url, "/actuator/health", key=None)
        assert 0.4 < time.monotonic() - began < 0.9
        assert answer.status == 503
        assert answer.document()["components"]["db"]["status"] == "DOWN"


async def test_diagnostics_need_an_operator(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        for method, path in [("GET", path) for path in READS] + list(WRITES):
            for key, status in ((None, 401), ("unknown", 401), (API_KEY, 403)):
                assert (await ask(url, path, method=method, key=key)).status == status, path
        for path in READS:
            assert (await ask(url, path)).status == 200, path
        assert (await ask(url, "/actuator/info", key=None)).document()["service"] == "thing-service"


async def test_requests_are_counted_by_route_template_and_status(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:

        async def count(tags: str) -> float:
            answer = await ask(url, f"/actuator/metrics/http.requests.total?{tags}")
            return float(answer.document()["measurements"][0]["value"]) if answer.status == 200 else 0.0

        reads = "tag=route:/v1/things/{thing_id}&tag=status:200"
        before = await count(reads), await count("tag=status:422")
        for number in range(5):
            await ask(url, f"/v1/things/thing{number}")
        await ask(url, "/v1/things/a?limit=0")
        assert (await count(reads), await count("tag=status:422")) == (before[0] + 5, before[1] + 1)
        text = (await ask(url, "/actuator/prometheus")).body.decode()
        assert 'http_requests_total{method="GET",route="/v1/things/{thing_id}",status="200"}' in text
        assert 'http_request_duration_seconds_bucket{le="0.5",route="/v1/things/{thing_id}"}' in text
        assert "thing3" not in text


async def test_paths_that_nobody_serves_do_not_grow_the_metrics(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        for number in range(5):
            assert (await ask(url, f"/no/such/{number}")).status == 404
        text = (await ask(url, "/actuator/prometheus")).body.decode()
    assert 'route="unmatched"' in text
    assert "/no/such" not in text


async def test_a_metric_is_narrowed_by_tags_and_named_with_dots_or_underscores(credentials: Credentials) -> None:
    refused = counter("test_refused", "Refusals of this test.", ("reason", "currency"))
    refused.labels("funds", "EUR").inc(3)
    refused.labels("funds", "JPY").inc(4)
    refused.labels("limit", "EUR").inc(5)
    gauge("fraud_test_rate", "A rate.").set(0.25)
    async with serving(things(), credentials) as url:
        whole = (await ask(url, "/actuator/metrics/test_refused_total")).document()
        assert whole["measurements"] == [{"statistic": "VALUE", "value": 12.0}]
        assert {"tag": "reason", "values": ["funds", "limit"]} in whole["availableTags"]
        narrow = await ask(url, "/actuator/metrics/test_refused_total?tag=reason:funds&tag=currency:JPY")
        assert narrow.document()["measurements"][0]["value"] == 4.0
        rate = (await ask(url, "/actuator/metrics/fraud.test.rate")).document()
        assert rate["measurements"] == [{"statistic": "VALUE", "value": 0.25}]
        assert (await ask(url, "/actuator/metrics/test_refused_total?tag=reason:none")).status == 404
        assert (await ask(url, "/actuator/metrics/nothing")).status == 404
        assert "test_refused_total" in (await ask(url, "/actuator/metrics")).document()["names"]


async def test_the_environment_is_shown_without_its_secrets(credentials: Credentials, tmp_path: Path) -> None:
    from waqiti.foundation.runtime import serve_in_background

    environment = {
        **credentials.environment(),
        "WAQITI_DATABASE_URL": "postgresql://waqiti_things:hunter2@127.0.0.1:5432/things",
        "WAQITI_EVENTS_URL_PAYMENT_SERVICE": "postgresql://reader:hunter3@127.0.0.1/payments",
    }
    async with serve_in_background([things()], {"thing-service": environment}) as addresses:
        shown = (await ask(addresses["thing-service"], "/actuator/env")).body
    assert b"hunter" not in shown
    settings = json.loads(shown)["settings"]
    assert settings["database_url"] == "postgresql://waqiti_things:***@127.0.0.1:5432/things"
    assert settings["pool_max_size"] == 4


async def test_a_logger_is_set_to_a_level_and_back(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        path = "/actuator/loggers/waqiti.test"
        set_ = await ask(url, path, method="POST", body=b'{"configuredLevel":"DEBUG"}')
        assert set_.document() == {"configuredLevel": "DEBUG", "effectiveLevel": "DEBUG"}
        assert (await ask(url, path)).document()["effectiveLevel"] == "DEBUG"
        back = await ask(url, path, method="POST", body=b'{"configuredLevel":null}')
        assert back.document()["configuredLevel"] is None
        for body in (b'{"configuredLevel":"LOUD"}', b'{"level":"DEBUG"}', b"{}", b""):
            assert (await ask(url, path, method="POST", body=body)).status == 422


async def test_refresh_and_cache_clear_do_what_the_service_registered(credentials: Credentials) -> None:
    dependencies = Dependencies()
    async with serving(things(on_build=dependencies.register), credentials) as url:
        refreshed = await ask(url, "/actuator/refresh", method="POST")
        cleared = await ask(url, "/cache/clear", method="DELETE")
    assert (refreshed.document(), cleared.document()) == ({"done": ["keys", "rates"]}, {"done": ["wallets"]})
    assert dependencies.done == ["rates", "wallets"]
