"""Maintenance and emergency at the gateway: who is told what, and what still passes."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.integration.gateway.test_forwarding import Edge, running_edge
from tests.support.raw import Answer
from tests.support.small_service import OPERATOR_KEY
from waqiti.contracts.catalog import DEPLOYMENTS

MAINTENANCE: Final = {"MAINTENANCE_MODE": "true"}
BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def assert_maintained(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert answer.problem()["code"] == "maintenance"
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", ["/v1/payments", "/v1/unknown", "/docs", "/openapi.json", "/", "//odd"])
@pytest.mark.parametrize("key", ["own", None, "wk_unknown"])
async def test_in_maintenance_everybody_is_told_so_with_a_key_or_without(
    tmp_path: Path, path: str, key: str | None
) -> None:
    async with running_edge(tmp_path, **MAINTENANCE) as edge:
        assert_maintained(await edge.send("GET", path, key=key))
        assert edge.behind.seen == []


async def test_in_maintenance_a_browser_is_shown_a_page(tmp_path: Path) -> None:
    async with running_edge(tmp_path, **MAINTENANCE) as edge:
        answer = await edge.send("GET", "/docs", None, BROWSER, key=None)

        assert answer.status == 503
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert int(answer.headers["retry-after"]) >= 1
        assert b"We are being maintained" in answer.body
        assert b"://" not in answer.body


async def test_in_maintenance_writes_are_refused_and_their_bodies_read(tmp_path: Path) -> None:
    async with running_edge(tmp_path, **MAINTENANCE) as edge:
        body = b'{"x":"' + b"y" * 900_000 + b'"}'
        assert_maintained(await edge.send("POST", "/v1/payments", body, {"Idempotency-Key": "k"}))
        assert edge.behind.seen == []


async def test_in_maintenance_health_and_operators_pass(tmp_path: Path) -> None:
    async with running_edge(tmp_path, **MAINTENANCE) as edge:
        for path in ("/health", "/health/critical", *(f"/{row.name}/health" for row in DEPLOYMENTS)):
            answer = await edge.send("GET", path, key=None)
            assert answer.status in {200, 503}
            assert "status" in answer.document(), path
            assert answer.document().get("code") is None
        assert (await edge.send("GET", "/actuator/health", key=None)).status == 200
        assert (await edge.send("GET", "/v1/payments", key=OPERATOR_KEY)).status == 201
        assert (await edge.send("POST", "/actuator/refresh", key=OPERATOR_KEY)).status == 200


async def test_in_an_emergency_the_gateway_forwards_what_is_critical_only(tmp_path: Path) -> None:
    async with running_edge(tmp_path, EMERGENCY_MODE="true") as edge:
        for path in ("/v1/payments/batch", "/v1/withdrawals", "/v1/customers", "/v1/wallets", "/v1/payments/%62atch"):
            answer = await post(edge, path)
            assert (answer.status, answer.problem()["code"]) == (503, "emergency_mode"), path
        assert edge.behind.seen == []

        assert (await post(edge, "/v1/payments")).status == 201
        assert (await post(edge, "/v1/payments/pay_1/refunds")).status == 201
        assert (await post(edge, "/v1/payments/batch", key=OPERATOR_KEY)).status == 201
        assert (await edge.send("GET", "/v1/payments")).status == 201
        assert (await edge.send("GET", "/v1/payments", key=None)).status == 401


async def test_maintenance_is_named_before_an_emergency(tmp_path: Path) -> None:
    async with running_edge(tmp_path, EMERGENCY_MODE="true", **MAINTENANCE) as edge:
        assert_maintained(await post(edge, "/v1/withdrawals"))


async def test_read_only_is_left_to_the_services_which_know_what_is_a_replay(tmp_path: Path) -> None:
    async with running_edge(tmp_path, READ_ONLY_MODE="true") as edge:
        answers = await asyncio.gather(post(edge, "/v1/payments"), edge.send("GET", "/v1/payments"))

        assert [answer.status for answer in answers] == [201, 201]


async def post(edge: Edge, path: str, *, key: str | None = "own") -> Answer:
    return await edge.send("POST", path, b"{}", {"Idempotency-Key": "k"}, key=key)
