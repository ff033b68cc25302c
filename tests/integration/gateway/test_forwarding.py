"""The gateway between a client and the services behind it, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.raw import Answer, RawClient
from tests.support.small_service import API_KEY, Credentials, refused_url
from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.runtime import Application, Context, Service, serve_in_background
from waqiti.foundation.security import new_private_key
from waqiti.foundation.settings import Settings, variable_name
from waqiti.services.gateway.service import SERVICE as GATEWAY_SERVICE

BEHIND = "payment-service"


class Behind:
    """What stands behind the gateway in these tests: it tells what it was sent."""

    def __init__(self) -> None:
        self.seen: list[Incoming] = []
        self.entered = asyncio.Event()
        self.health_asked = 0

    async def count_health(self) -> None:
        self.health_asked += 1

    async def echo(self, incoming: Incoming) -> Outgoing:
        self.seen.append(incoming)
        told = {"method": incoming.method, "path": incoming.path, "query": incoming.query_string.decode()}
        body = msgspec.json.encode(told | {"body": incoming.body.decode()})
        return Outgoing(201, body, ((b"idempotent-replayed", b"true"),))

    async def wait(self, incoming: Incoming) -> Outgoing:
        self.seen.append(incoming)
        if incoming.header(b"prefer") == b"wait=0":
            return Outgoing(202, b"{}")
        self.entered.set()
        await asyncio.sleep(30)
        return Outgoing(201, b"{}")

    def service(self) -> Service[Settings]:
        @asynccontextmanager
        async def build(context: Context[Settings]) -> AsyncIterator[Application]:
            routes = [
                RawRoute(method="POST", path="/v1/payments/pay_slow/wait", handler=self.wait, strict_json=False),
                RawRoute(method="*", path="/v1/payments/*", handler=self.echo, strict_json=False),
                RawRoute(method="*", path="/v1/payments", handler=self.echo, strict_json=False),
            ]
            context.health.add("counted", self.count_health)
            yield Application(asgi=context.http([], raw=routes))

        return Service(name=BEHIND, settings=Settings, build=build)


class Edge(msgspec.Struct, frozen=True):
    """A running gateway with ``behind`` behind it."""

    behind: Behind
    client: RawClient

    async def send(self, *arguments: Any, **options: Any) -> Answer:
        return await asyncio.to_thread(self.client.send, *arguments, **options)


@asynccontextmanager
async def running_edge(directory: Path, **variables: str) -> AsyncIterator[Edge]:
    credentials, behind = Credentials(directory), Behind()
    token_key = directory / "gateway.pem"
    token_key.write_text(new_private_key())
    away = {variable_name(row.name): refused_url() for row in DEPLOYMENTS if row.name not in (GATEWAY, BEHIND)}
    environment = credentials.environment() | {"WAQITI_TOKEN_KEY_FILE": str(token_key)} | away | variables
    services: list[Service[Any]] = [behind.service(), GATEWAY_SERVICE]
    environments = {BEHIND: credentials.environment(), GATEWAY: environment}
    async with serve_in_background(services, environments) as addresses:
        yield Edge(behind, RawClient(addresses[GATEWAY], API_KEY))


async def test_a_request_arrives_to_the_byte_and_its_answer_returns(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        body = b'{ "amount" : 1.0,  "odd":"\\ud800" }'
        answer = await edge.send("POST", "/v1/payments/x%20y?limit=3&a=%2F", body, {"Idempotency-Key": "k"})

        assert answer.status == 201
        assert answer.document() == {
            "method": "POST",
            "path": "/v1/payments/x y",
            "query": "limit=3&a=%2F",
            "body": body.decode(),
        }
        assert answer.headers["idempotent-replayed"] == "true"
        (seen,) = edge.behind.seen
        assert seen.header(b"x-request-id") == answer.headers["x-request-id"].encode()
        assert seen.header(b"idempotency-key") == b"k"
        assert seen.header(b"traceparent") is not None


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with running_edge(tmp_path, WAQITI_RATE_PER_SECOND="0.5", WAQITI_RATE_BURST="2") as edge:
        answers = [await edge.send("GET", "/v1/payments") for _ in range(3)]

        assert [answer.status for answer in answers] == [201, 201, 429]
        assert answers[2].problem()["code"] == "rate_limited"
        assert answers[2].problem()["retryable"] is True
        assert int(answers[2].headers["retry-after"]) >= 1
        assert len(edge.behind.seen) == 2


async def test_a_service_that_does_not_answer_is_a_503_at_once(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        answer = await edge.send("GET", "/v1/wallets/wal_1")

        assert answer.status == 503
        assert answer.problem()["code"] == "dependency_unavailable"
        assert "retry-after" in answer.headers


@pytest.mark.parametrize("path", ["/v1/unknown", "/internal/transfers", "/actuator/env", "/v2/payments"])
async def test_only_public_paths_lead_anywhere(tmp_path: Path, path: str) -> None:
    async with running_edge(tmp_path) as edge:
        answer = await edge.send("GET", path)

        assert answer.status in {403, 404}
        assert edge.behind.seen == []


async def test_without_a_key_nothing_is_forwarded(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        answer = await edge.send("GET", "/v1/payments", key=None)

        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert edge.behind.seen == []


async def test_health_names_each_deployment_and_who_is_away(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        health = await edge.send("GET", "/health", key=None)
        critical = await edge.send("GET", "/health/critical", key=None)
        one = await edge.send("GET", f"/{BEHIND}/health", key=None)

        assert (health.status, health.document()) == (200, {"status": "UP"})
        assert (one.status, one.document()["status"]) == (200, "UP")
        assert critical.status == 503
        found = critical.document()
        assert found["status"] == "DOWN"
        assert found["components"][BEHIND]["status"] == "UP"
        assert found["components"]["ledger-service"]["status"] == "DOWN"
        assert set(found["components"]) == {row.name for row in DEPLOYMENTS if row.critical and row.name != GATEWAY}


async def test_a_long_wait_is_cut_short_when_the_gateway_ends(tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "k", "Prefer": "wait=30"}
    async with running_edge(tmp_path) as edge:
        waiting = asyncio.create_task(edge.send("POST", "/v1/payments/pay_slow/wait", b"{}", headers))
        await edge.behind.entered.wait()

    answer = await waiting
    assert answer.status == 202
    assert [seen.header(b"prefer") for seen in edge.behind.seen] == [b"wait=30", b"wait=0"]


async def test_the_pages_of_the_api_document_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        page = await edge.send("GET", "/docs", key=None)
        assert page.status == 200
        assert "://" not in page.body.decode()
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for part in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
            assert (await edge.send("GET", f"/docs/{part}", key=None)).status == 200
        assert (await edge.send("GET", "/docs/../service.py", key=None)).status in {401, 404}


async def test_the_document_waits_for_services_that_have_never_told_their_part(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        answer = await edge.send("GET", "/openapi.json", key=None)

        assert answer.status == 503
        assert json.loads(answer.body)["code"] == "dependency_unavailable"
