"""A service that is cut off: nothing comes in but diagnostics, nothing goes out, nothing is worked on, and it lives."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.raw import Answer, RawClient
from tests.support.scripted_server import Exchange, ScriptedServer
from tests.support.small_service import API_KEY, CALLER, OPERATOR_KEY, Credentials, refused_url
from tests.support.switching import Board
from waqiti.contracts.catalog import DEPLOYMENTS, NOTIFICATION, Deployment
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import PublicSettings
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service, serve_in_background
from waqiti.foundation.security import new_private_key
from waqiti.foundation.settings import variable_name

# It answers to the name of a deployment that has a token key in these tests.
HERE = CALLER
OTHER = "ledger-service"
SECONDS = 1.0


class Inside:
    """A service with a route, a worker that counts its rounds, and a client of another deployment."""

    def __init__(self) -> None:
        self.rounds = 0
        self.ended_well = 0
        self.client: ServiceClient

    async def answer(self, _: Incoming) -> Outgoing:
        return Outgoing(200, b"{}")

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.rounds += 1
            await asyncio.sleep(0.02)
        self.ended_well += 1

    def service(self) -> Service[PublicSettings]:
        @asynccontextmanager
        async def build(context: Context[PublicSettings]) -> AsyncIterator[Application]:
            self.client = context.client(OTHER)
            routes = [RawRoute(method="*", path="/v1/*", handler=self.answer)]
            yield Application(
                asgi=context.http([], raw=routes, rules=MODES), workers=[BackgroundTask("rounds", self.work)]
            )

        return Service(name=HERE, settings=PublicSettings, build=build)


class Open(msgspec.Struct, frozen=True):
    """The service as it is served, its switches, and what the other deployment was asked."""

    inside: Inside
    board: Board
    url: str
    asked: list[bytes]
    heartbeat: Path

    async def send(self, method: str, path: str, key: str | None = API_KEY) -> Answer:
        return await asyncio.to_thread(RawClient(self.url, key).send, method, path)

    async def call(self) -> None:
        await self.inside.client.call("GET", "/internal/x", None, dict[str, int], timeout_seconds=1)

    async def is_working(self) -> bool:
        before = self.inside.rounds
        await asyncio.sleep(0.15)
        return self.inside.rounds > before


@asynccontextmanager
async def opened(directory: Path, **variables: str) -> AsyncIterator[Open]:
    credentials, inside, board, asked = Credentials(directory), Inside(), Board(directory), []
    heartbeat = directory / "heartbeat"

    async def other(exchange: Exchange) -> None:
        asked.append(exchange.request)
        exchange.answer(b"{}")

    async with ScriptedServer(other).running() as server:
        environment = {
            **credentials.environment(HERE),
            **board.variables,
            **variables,
            variable_name(OTHER): server.url,
            "WAQITI_HEARTBEAT_FILE": str(heartbeat),
        }
        async with serve_in_background([inside.service()], {HERE: environment}) as addresses:
            yield Open(inside, board, addresses[HERE], asked, heartbeat)


async def until(holds: Callable[[], Awaitable[bool]]) -> float:
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_it_is_cut_off_within_a_second_and_lives_and_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        assert (await here.send("GET", "/v1/things")).status == 200
        await here.call()
        assert await here.is_working()

        here.board.set(HERE, "ISOLATION_MODE", True)

        async def is_refused() -> bool:
            return (await here.send("GET", "/v1/things")).status == 503

        assert await until(is_refused) < SECONDS
        refused = await here.send("POST", "/v1/things")
        assert refused.problem()["code"] == "isolated"
        assert int(refused.headers["retry-after"]) >= 1
        for key in (OPERATOR_KEY, None, "wk_unknown"):
            assert (await here.send("GET", "/v1/things", key)).problem()["code"] == "isolated", key
        for path in ("/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness"):
            assert (await here.send("GET", path, None)).status == 200
        assert (await here.send("GET", "/actuator/health", None)).document()["modes"] == ["isolated"]
        assert (await here.send("GET", "/actuator/env", OPERATOR_KEY)).status == 200

        asked = len(here.asked)
        with pytest.raises(DependencyUnavailable, match="isolated"):
            await here.call()
        assert len(here.asked) == asked, "nothing was sent"
        assert not await here.is_working()
        assert here.inside.ended_well == 1, "it finished what it had begun"
        touched = here.heartbeat.stat().st_mtime_ns

        async def beats() -> bool:
            return here.heartbeat.stat().st_mtime_ns > touched

        await until(beats)

        here.board.unset(HERE, "ISOLATION_MODE")

        assert await until(here.is_working) < SECONDS + 0.2
        assert (await here.send("GET", "/v1/things")).status == 200
        await here.call()


async def test_what_isolation_refuses_is_in_the_security_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> list[tuple[Any, ...]]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"at"')]
        audit = [line for line in lines if line["event"] in {"authentication", "authorisation"}]
        return [(one["event"], one["outcome"], one["key_id"], one["status"], one.get("code")) for one in audit]

    async with opened(tmp_path, ISOLATION_MODE="true", SECURITY_AUDIT="true") as here:
        await here.send("GET", "/v1/things", "wk_unknown")
        assert told() == [
            ("authentication", "refused", "anonymous", 503, "isolated"),
            ("authorisation", "refused", "anonymous", 503, "isolated"),
        ]
        await here.send("GET", "/v1/things", API_KEY)
        assert told() == [
            ("authentication", "granted", "key_api", 503, "isolated"),
            ("authorisation", "refused", "key_api", 503, "isolated"),
        ]
        await here.send("GET", "/actuator/env", OPERATOR_KEY)
        assert [line[1:3] for line in told()] == [("granted", "key_operator")] * 2


async def test_a_service_that_starts_isolated_works_on_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, ISOLATION_MODE="true", READ_ONLY_MODE="true", EMERGENCY_MODE="true") as here:
        assert not await here.is_working()
        assert here.inside.rounds == 0
        for path in ("/v1/things", "/v1/withdrawals"):
            assert (await here.send("POST", path)).problem()["code"] == "isolated", "it comes before other modes"


@pytest.mark.parametrize("row", DEPLOYMENTS, ids=lambda row: row.name)
async def test_every_deployment_can_be_cut_off(tmp_path: Path, row: Deployment) -> None:
    credentials = Credentials(tmp_path)
    (tmp_path / "own.pem").write_text(new_private_key())
    own = {}
    if row.name == NOTIFICATION:
        (tmp_path / "webhooks.key").write_bytes(base64.b64encode(bytes(32)))
        own = {"WAQITI_WEBHOOK_KEY_FILE": str(tmp_path / "webhooks.key")}
    service: Service[Any] = import_module(f"{row.package}.service").SERVICE
    away = {variable_name(other.name): refused_url() for other in DEPLOYMENTS if other.name != row.name}
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    events = {f"WAQITI_EVENTS_{variable_name(name).removeprefix('WAQITI_')}": nowhere for name in row.reads_events_of}
    environment = {
        **credentials.environment(),
        **away,
        **events,
        **own,
        "WAQITI_TOKEN_KEY_FILE": str(tmp_path / "own.pem"),
        "WAQITI_DATABASE_URL": nowhere if row.database else "",
        "WAQITI_STATE": str(tmp_path),
        "ISOLATION_MODE": "true",
    }
    async with serve_in_background([service], {row.name: environment}, role="api") as addresses:
        for path in ("/v1/things", "/internal/things", "/nothing"):
            answer = await asyncio.to_thread(RawClient(addresses[row.name], API_KEY).send, "GET", path)
            assert (answer.status, answer.problem()["code"]) == (503, "isolated"), path
        liveness = await asyncio.to_thread(
            RawClient(addresses[row.name], None).send, "GET", "/actuator/health/liveness"
        )
        assert liveness.status == 200
