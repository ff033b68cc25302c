"""PostgreSQL, replicas, the supervisor stand still or die: the edge says so, switches reach who is left, it goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.support.clusters import eventually
from tests.support.people import People
from tests.support.platform import Platform, free_port
from tests.support.raw import Answer, RawClient
from tests.support.stopping import children_of, stopped
from tests.support.switching import assert_followed, switches_of
from waqiti.client import Client
from waqiti.contracts.catalog import DEPLOYMENTS, FRAUD, GATEWAY
from waqiti.contracts.switches import (
    DB_POOL_MAX_SIZE,
    DB_POOL_MIN_IDLE,
    EMERGENCY_MODE,
    FRAUD_THRESHOLD,
    ISOLATION_MODE,
    LOG_LEVEL,
    MAINTENANCE_MODE,
    MANUAL_REVIEW_MODE,
    MANUAL_REVIEW_THRESHOLD,
    READ_ONLY_MODE,
    SECURITY_AUDIT,
    SWITCHES,
    Switch,
)
from waqiti.foundation.switches.file import Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.changing import ChangedSwitch, SwitchChange, change
from waqiti.operations.switches.confirming import replicas_of
from waqiti.operations.switches.wanted import switch_called

READ_ONLY = switch_called(READ_ONLY_MODE)
POOL_SIZE = 3
EVERY: dict[str, Value] = {
    ISOLATION_MODE: False,  # whatever dies in it stays dead
    MAINTENANCE_MODE: True,
    EMERGENCY_MODE: True,
    READ_ONLY_MODE: True,
    MANUAL_REVIEW_MODE: False,
    MANUAL_REVIEW_THRESHOLD: 0.4,
    FRAUD_THRESHOLD: 0.0,
    SECURITY_AUDIT: True,
    LOG_LEVEL: "WARNING",
    DB_POOL_MAX_SIZE: POOL_SIZE,
    DB_POOL_MIN_IDLE: 2,
}
HEALTH_SECONDS = 1.0
REFUSAL_SECONDS = 2.0
APPLIED_MS = 1_000
HEAL_SECONDS = 30


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(Path(tmp_path_factory.mktemp("away")) / "state", free_port())
    running.up()
    try:
        yield running
        assert running.verify_books()["balanced"] is True
    finally:
        running.down(wipe=True)


def test_while_postgres_stands_still_writing_is_refused_in_time_and_nothing_is_lost(platform: Platform) -> None:
    credentials = platform.credentials
    raw = RawClient(credentials.base_url, credentials.api_key)
    with Client(credentials.base_url, credentials.api_key) as client:
        people = People(client)
        payer, payee = people.wallet(funds=1_000), people.wallet()
        body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"}
        assert raw.post("/v1/payments", body, idempotency_key="before").status == 201

        postmaster = platform.status()["postgres"]["pid"]
        with stopped(postmaster, *children_of(postmaster)):
            for path, sent in (
                ("/v1/payments", body),
                ("/v1/wallets", {"customer_id": payer.customer_id, "currency": "EUR"}),
                ("/v1/customers", {"name": "Too Late", "country": "DE"}),
                ("/v1/deposits", {"wallet_id": payer.id, "amount": 1, "currency": "EUR", "rail": "sandbox"}),
            ):
                seconds, answer = _timed(partial(raw.post, path, sent, idempotency_key="during"))
                assert answer.status == 503, (path, answer)
                assert answer.problem()["retryable"] is True
                assert "retry-after" in answer.headers
                assert seconds < REFUSAL_SECONDS, path
            seconds, health = _timed(lambda: raw.send("GET", "/health/critical", key=None))
            assert (health.status, health.document()["status"]) == (503, "DOWN")
            assert seconds < HEALTH_SECONDS
            seconds, alive = _timed(lambda: raw.send("GET", "/health", key=None))
            assert (alive.status, seconds < HEALTH_SECONDS) == (200, True)

        _wait_until_healthy(raw)
        again = raw.post("/v1/payments", body, idempotency_key="during")
        assert again.status == 201, again
        assert people.available(payer) == 800


def test_while_postgres_stands_still_switches_reach_every_replica(platform: Platform) -> None:
    credentials = platform.credentials
    raw = RawClient(credentials.base_url, credentials.api_key)
    postmaster = platform.status()["postgres"]["pid"]
    body = {"from_wallet": "wal_x", "to_wallet": "wal_y", "amount": 1, "currency": "EUR"}

    with stopped(postmaster, *children_of(postmaster)):
        done = platform.command("switch", "set", "READ_ONLY_MODE", "on", "--reason", "PostgreSQL is away.", "--json")
        document = done.document()
        assert (done.exit_code, document["unreached"]) == (0, [])
        assert len(document["replicas"]) == len(READ_ONLY.deployments)
        assert all(replica["applied_ms"] < APPLIED_MS for replica in document["replicas"]), document
        seconds, answer = _timed(lambda: raw.post("/v1/payments", body))
        assert (answer.status, answer.problem()["code"]) == (503, "read_only")
        assert seconds < REFUSAL_SECONDS
        listed = platform.command("switch", "list", "--json").document()
        assert listed["revision"] == document["revision"]
        done = platform.command("switch", "unset", "READ_ONLY_MODE", "--reason", "Done.", "--json")
        assert (done.exit_code, done.document()["unreached"]) == (0, [])

    _wait_until_healthy(raw)


def test_a_replica_that_hangs_is_named_and_the_others_follow(platform: Platform) -> None:
    status = platform.status()
    (ledger,) = [row for row in status["deployments"] if row["name"] == "ledger-service"]
    with stopped(ledger["replicas"][0]["pid"]):
        done = platform.command("switch", "set", "LOG_LEVEL", "WARNING", "--reason", "A test.", "--json")

    document = done.document()
    assert (done.exit_code, document["unreached"]) == (1, [ledger["replicas"][0]["name"]])
    assert len(document["replicas"]) == len(status["deployments"]) - 1
    assert "Not reached within 5 s: ledger-service-1" in done.stderr
    layout = Layout(platform.state)
    eventually(
        lambda: all(view.follows(document["revision"]) for view in replicas_of(layout, ["ledger-service"])),
        "it follows as soon as it goes on",
        timeout_seconds=APPLIED_MS / 1_000,
    )
    undone = platform.command("switch", "unset", "LOG_LEVEL", "--reason", "Done.", "--json")
    assert (undone.exit_code, undone.document()["unreached"]) == (0, [])


def test_with_nobody_left_to_operate_switches_are_set_and_let_go_of_by_the_replicas(platform: Platform) -> None:
    raw = RawClient(platform.credentials.base_url, platform.credentials.api_key)
    status = platform.status()
    postmaster, supervisor = status["postgres"]["pid"], status["supervisor"]["pid"]
    with stopped(status["init"]["pid"], postmaster, *children_of(postmaster)):
        os.kill(supervisor, signal.SIGKILL)
        os.kill(_replica(status, GATEWAY)["pid"], signal.SIGKILL)
        done = platform.command("switch", "set", "READ_ONLY_MODE", "on", "--for", "3s", "--reason", "x", "--json")
        assert (done.exit_code, done.document()["unreached"]) == (0, [])
        assert_followed(platform, {name: {READ_ONLY_MODE: True} for name in READ_ONLY.deployments})
        eventually(lambda: _read_only(platform) == {(False, "default")}, "all let go by themselves", timeout_seconds=5)

    _wait_until_healthy(raw)


@pytest.mark.timeout(150)
def test_every_switch_holds_for_more_replicas_and_over_the_end_of_every_process(platform: Platform) -> None:
    credentials, layout = platform.credentials, Layout(platform.state)
    operator = RawClient(credentials.base_url, credentials.operator_key)
    with Client(credentials.base_url, credentials.api_key) as client:
        people = People(client)
        body = {
            "from_wallet": people.wallet(funds=1_000).id,
            "to_wallet": people.wallet().id,
            "amount": 100,
            "currency": "EUR",
        }
    expected = {
        row.name: {one.name: EVERY[one.name] for one in SWITCHES if row.name in one.deployments} for row in DEPLOYMENTS
    }
    try:
        for switch in SWITCHES:
            assert _change(layout, switch, EVERY[switch.name]).unreached == ()
        assert_followed(platform, expected)

        assert platform.command("cluster", "scale", FRAUD, "2").exit_code == 0
        assert_followed(platform, expected)

        status = platform.status()
        os.kill(status["supervisor"]["pid"], signal.SIGKILL)
        for process in (
            one for row in status["deployments"] for replica in row["replicas"] for one in replica["processes"]
        ):
            os.kill(process["pid"], signal.SIGKILL)
        eventually(lambda: _are_others(platform, status), "every process is another one, and ready", HEAL_SECONDS)
        assert_followed(platform, expected)

        assert _change(layout, READ_ONLY, False).unreached == ()
        declined = operator.post("/v1/payments", body).document()
        assert declined["failure"]["code"] == "fraud_declined", "the very next payment"
        services = RawClient(credentials.services[FRAUD], credentials.operator_key)
        size = services.get("/actuator/metrics/database_pool_connections?tag=state:max&tag=pool:fraud-service")
        assert size.document()["measurements"][0]["value"] == 2 * POOL_SIZE
    finally:
        for switch in SWITCHES:
            assert _change(layout, switch, None).unreached == ()
    assert operator.post("/v1/payments", body).document()["status"] == "captured"


def _read_only(platform: Platform) -> set[tuple[Value, str]]:
    replicas = [
        one
        for row in platform.status()["deployments"]
        if row["name"] in READ_ONLY.deployments
        for one in row["replicas"]
    ]
    return {switches_of(platform, replica).switches[READ_ONLY_MODE] for replica in replicas}


def _replica(status: Any, name: str) -> Any:
    (replica,) = [one for row in status["deployments"] if row["name"] == name for one in row["replicas"]]
    return replica


def _change(layout: Layout, switch: Switch, value: Value | None) -> ChangedSwitch:
    return change(
        layout,
        SwitchChange(name=switch.name, value=value, services=switch.deployments, actor="ana", reason="A fault test."),
    )


def _are_others(platform: Platform, before: Any) -> bool:
    status = platform.status()
    former = {
        one["pid"] for row in before["deployments"] for replica in row["replicas"] for one in replica["processes"]
    }
    now = {one["pid"] for row in status["deployments"] for replica in row["replicas"] for one in replica["processes"]}
    return (
        now.isdisjoint(former)
        and len(now) == len(former)
        and all(row["state"] == "Ready" for row in status["deployments"])
    )


def _timed(call: Callable[[], Answer]) -> tuple[float, Answer]:
    started = time.monotonic()
    answer = call()
    return time.monotonic() - started, answer


def _wait_until_healthy(raw: RawClient) -> None:
    deadline = time.monotonic() + HEAL_SECONDS
    while (health := _health(raw)) != 200:
        assert time.monotonic() < deadline, health
        time.sleep(0.2)


def _health(raw: RawClient) -> int | None:
    """Return the status of the health of all, None where the gateway itself is gone."""
    try:
        return raw.send("GET", "/health/critical", key=None).status
    except (OSError, HTTPException):
        return None
