"""What the modes refuse and let pass, over HTTP, on a small service that follows switches."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.raw import Answer, RawClient
from tests.support.small_service import API_KEY, CALLER, OPERATOR_KEY, Credentials
from tests.support.switching import Board
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import PublicSettings
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.runtime import Application, Context, Service, serve_in_background

THINGS = "thing-service"
SWITCH_SECONDS = 1.0
WRITES_IN_AN_EMERGENCY = [
    ("POST", "/v1/payments"),
    ("POST", "/v1/payments/pay_1/capture"),
    ("POST", "/v1/payments/pay_1/void"),
    ("POST", "/v1/payments/pay_1/refunds"),
    ("POST", "/v1/deposits"),
    ("POST", "/v1/reviews/rev_1/decision"),
    ("POST", "/v1/wallets/wal_1/freeze"),
    ("POST", "/v1/wallets/wal_1/unfreeze"),
    ("POST", "/v1/wallets/wal_1/close"),
    ("POST", "/v1/customers/cus_1/verification"),
]
REFUSED_IN_AN_EMERGENCY = [
    ("POST", "/v1/payments/batch"),
    ("POST", "/v1/exchanges"),
    ("POST", "/v1/withdrawals"),
    ("POST", "/v1/customers"),
    ("POST", "/v1/wallets"),
    ("POST", "/v1/webhook-endpoints"),
    ("PATCH", "/v1/webhook-endpoints/we_1"),
    ("DELETE", "/v1/webhook-endpoints/we_1"),
]
READS = [
    ("GET", "/v1/payments"),
    ("GET", "/v1/wallets/wal_1"),
    ("GET", "/v1/withdrawals"),
    ("GET", "/v1/webhook-endpoints"),
    ("HEAD", "/v1/customers"),
]


class Things:
    """Answers everything, remembers keys, and counts what reached it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str]] = []
        self.known = {"known"}
        self.is_away = False
        self.while_built: Callable[[], None] = lambda: None

    async def answer(self, incoming: Incoming) -> Outgoing:
        self.reached.append((incoming.method, incoming.path))
        return Outgoing(200, b"{}")

    async def replayed(self, incoming: Incoming) -> bool:
        if self.is_away:
            raise DependencyUnavailable("things", "The database does not answer.")
        return incoming.idempotency_key() in self.known

    def service(self) -> Service[PublicSettings]:
        @asynccontextmanager
        async def build(context: Context[PublicSettings]) -> AsyncIterator[Application]:
            routes = [
                RawRoute(method="*", path="/v1/*", handler=self.answer),
                RawRoute(method="POST", path="/internal/things", handler=self.answer, strict_json=False),
            ]
            asgi = context.http([], raw=routes, rules=MODES, replays=self.replayed)
            self.while_built()
            yield Application(asgi=asgi)

        return Service(name=THINGS, settings=PublicSettings, build=build)


class Open(msgspec.Struct, frozen=True):
    """A service that is served, its switches, and who asks it."""

    things: Things
    board: Board
    url: str
    internal: str

    async def send(self, method: str, path: str, *, key: str = API_KEY, idempotency_key: str | None = "new") -> Answer:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        body = b"{}" if method not in ("GET", "HEAD") else None
        return await asyncio.to_thread(RawClient(self.url, key).send, method, path, body, headers)

    async def switched(self, name: str, value: bool) -> None:
        """Set a switch and wait until it is in force."""
        self.board.set(THINGS, name, value)
        await until(self._follows)

    async def _follows(self) -> bool:
        answer = await asyncio.to_thread(RawClient(self.url, None).get, "/actuator/health")
        detail: str = answer.document()["components"]["switches"]["detail"]
        return detail.partition(",")[0] == f"revision {self.board.revision}"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + SWITCH_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, "not within a second"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(
    directory: Path, while_built: Callable[[Board], None] = lambda _: None, **variables: str
) -> AsyncIterator[Open]:
    async with served(Board(directory), while_built, **variables) as service:
        yield service


@asynccontextmanager
async def served(
    board: Board, while_built: Callable[[Board], None] = lambda _: None, **variables: str
) -> AsyncIterator[Open]:
    directory = board.path.parent
    credentials, things = Credentials(directory), Things()
    things.while_built = partial(while_built, board)
    environment = credentials.environment() | board.variables | variables
    token = credentials.issuer(CALLER).authorization().decode().removeprefix("Bearer ")
    async with serve_in_background([things.service()], {THINGS: environment}) as addresses:
        yield Open(things, board, addresses[THINGS], token)


def assert_refused(answer: Answer, code: str) -> None:
    assert answer.status == 503, answer
    problem = answer.problem()
    assert (problem["code"], problem["retryable"]) == (code, True)
    assert int(answer.headers["retry-after"]) >= 1


async def test_read_only_refuses_every_change_and_lets_everything_be_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)
        for method, path in [*WRITES_IN_AN_EMERGENCY, *REFUSED_IN_AN_EMERGENCY]:
            assert_refused(await service.send(method, path), "read_only")
            assert_refused(await service.send(method, path, key=OPERATOR_KEY), "read_only")
        assert service.things.reached == []
        for method, path in READS:
            assert (await service.send(method, path)).status == 200

        await service.switched("READ_ONLY_MODE", False)
        assert (await service.send("POST", "/v1/payments")).status == 200


async def test_read_only_lets_replays_pass_and_what_deployments_ask_of_each_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)

        assert (await service.send("POST", "/v1/payments", idempotency_key="known")).status == 200
        assert_refused(await service.send("POST", "/v1/payments", idempotency_key="unknown"), "read_only")
        assert_refused(await service.send("POST", "/v1/payments", idempotency_key=None), "read_only")
        assert (await service.send("POST", "/internal/things", key=service.internal)).status == 200


async def test_where_keys_cannot_be_looked_up_read_only_says_so_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        service.things.is_away = True
        await service.switched("READ_ONLY_MODE", True)

        assert_refused(await service.send("POST", "/v1/payments", idempotency_key="known"), "read_only")


async def test_who_may_not_enter_learns_nothing_of_modes_of_a_service(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)

        assert (await service.send("POST", "/v1/payments", key="wk_unknown")).status == 401


async def test_diagnostics_work_in_read_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)

        assert (await service.send("POST", "/actuator/refresh", key=OPERATOR_KEY)).status == 200
        assert (await service.send("DELETE", "/cache/clear", key=OPERATOR_KEY)).status == 200


async def test_an_emergency_refuses_what_is_not_critical_and_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("EMERGENCY_MODE", True)
        for method, path in REFUSED_IN_AN_EMERGENCY:
            assert_refused(await service.send(method, path), "emergency_mode")
        assert service.things.reached == []
        for method, path in [*WRITES_IN_AN_EMERGENCY, *READS]:
            assert (await service.send(method, path)).status == 200, path


async def test_operators_do_everything_in_an_emergency(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("EMERGENCY_MODE", True)
        for method, path in REFUSED_IN_AN_EMERGENCY:
            assert (await service.send(method, path, key=OPERATOR_KEY)).status == 200, path


async def test_the_emergency_is_named_before_read_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)
        await service.switched("EMERGENCY_MODE", True)

        assert_refused(await service.send("POST", "/v1/withdrawals"), "emergency_mode")
        assert_refused(await service.send("POST", "/v1/payments"), "read_only")


async def test_a_refused_body_is_read_so_that_the_connection_serves_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("EMERGENCY_MODE", True)
        body = b'{"x":"' + b"y" * 900_000 + b'"}'
        answer = await asyncio.to_thread(
            RawClient(service.url, API_KEY).send, "POST", "/v1/wallets", body, {"Idempotency-Key": "k"}
        )

        assert_refused(answer, "emergency_mode")


async def test_the_environment_switches_at_start_and_a_live_value_beats_it(tmp_path: Path) -> None:
    async with opened(tmp_path, READ_ONLY_MODE="true") as service:
        assert_refused(await service.send("POST", "/v1/payments"), "read_only")

        await service.switched("READ_ONLY_MODE", False)
        assert (await service.send("POST", "/v1/payments")).status == 200

        service.board.unset(THINGS, "READ_ONLY_MODE")

        async def refused() -> bool:
            return (await service.send("POST", "/v1/payments")).status == 503

        await until(refused)


async def test_switches_are_in_force_before_the_first_answer(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.set(THINGS, "READ_ONLY_MODE", True)
    async with served(board) as service:
        assert_refused(await service.send("POST", "/v1/payments"), "read_only")


async def test_what_is_published_while_a_service_is_built_is_in_force_before_the_first_answer(tmp_path: Path) -> None:
    async with opened(tmp_path, while_built=lambda board: board.set(THINGS, "READ_ONLY_MODE", True)) as service:
        assert_refused(await service.send("POST", "/v1/payments"), "read_only")


async def test_refusals_are_counted_by_their_code_and_the_revision_is_exported(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        await service.switched("EMERGENCY_MODE", True)
        before = await metric(service, "switch_refusals_total", "code:emergency_mode")
        await service.send("POST", "/v1/withdrawals")

        assert await metric(service, "switch_refusals_total", "code:emergency_mode") == before + 1
        assert await metric(service, "waqiti_switch_revision") == service.board.revision


async def metric(service: Open, name: str, tag: str = "") -> float:
    answer = await service.send("GET", f"/actuator/metrics/{name}" + (f"?tag={tag}" if tag else ""), key=OPERATOR_KEY)
    if answer.status == 404:
        return 0.0
    (measurement,) = answer.document()["measurements"]
    return float(measurement["value"])


async def test_operators_see_where_each_value_comes_from(tmp_path: Path) -> None:
    async with opened(tmp_path, LOG_LEVEL="WARNING") as service:
        await service.switched("READ_ONLY_MODE", True)
        env: Any = (await service.send("GET", "/actuator/env", key=OPERATOR_KEY)).document()

        assert env["settings"]["read_only_mode"] is True
        assert env["revision"] == service.board.revision
        assert env["switches"]["LOG_LEVEL"] == {"value": "WARNING", "source": "environment"}
        assert env["switches"]["EMERGENCY_MODE"] == {"value": False, "source": "default"}
        shown = env["switches"]["READ_ONLY_MODE"]
        assert (shown["value"], shown["source"], shown["owner"], shown["reason"]) == (True, "live", "tester", "A test.")


@pytest.mark.parametrize("content", ["{", '{"revision": 9, "switches": "none"}'])
async def test_a_bad_file_is_shown_and_does_not_make_the_service_unwell(tmp_path: Path, content: str) -> None:
    async with opened(tmp_path) as service:
        await service.switched("READ_ONLY_MODE", True)
        service.board.path.write_text(content)

        async def noticed() -> bool:
            health = await asyncio.to_thread(RawClient(service.url, None).get, "/actuator/health")
            assert (health.status, health.document()["status"]) == (200, "UP")
            return bool(health.document()["components"]["switches"]["status"] == "DOWN")

        await until(noticed)
        assert_refused(await service.send("POST", "/v1/payments"), "read_only")
