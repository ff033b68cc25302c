"""PostgreSQL stands still, or is gone: the edge says so at once, and all goes on when it is back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.support.people import People
from tests.support.platform import Platform, free_port
from tests.support.raw import Answer, RawClient
from waqiti.client import Client
from waqiti.contracts.switches import READ_ONLY_MODE, find_switch

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
        with _stopped(postmaster, *_children(postmaster)):
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

    with _stopped(postmaster, *_children(postmaster)):
        done = platform.command("switch", "set", "READ_ONLY_MODE", "on", "--reason", "PostgreSQL is away.", "--json")
        document = done.document()
        assert (done.exit_code, document["unreached"]) == (0, [])
        read_only = find_switch(READ_ONLY_MODE)
        assert read_only is not None
        assert len(document["replicas"]) == len(read_only.deployments)
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
    with _stopped(ledger["replicas"][0]["pid"]):
        done = platform.command("switch", "set", "LOG_LEVEL", "WARNING", "--reason", "A test.", "--json")

    document = done.document()
    assert (done.exit_code, document["unreached"]) == (1, [ledger["replicas"][0]["name"]])
    assert len(document["replicas"]) == len(status["deployments"]) - 1
    assert "Not reached within 5 s: ledger-service-1" in done.stderr
    undone = platform.command("switch", "unset", "LOG_LEVEL", "--reason", "Done.", "--json")
    assert (undone.exit_code, undone.document()["unreached"]) == (0, [])


def test_switches_hold_over_the_end_of_a_process_and_of_the_supervisor(platform: Platform) -> None:
    raw = RawClient(platform.credentials.base_url, platform.credentials.api_key)
    assert platform.command("switch", "set", "MAINTENANCE_MODE", "on", "--reason", "A test.", "--json").exit_code == 0
    status = platform.status()
    (gateway,) = [row for row in status["deployments"] if row["name"] == "api-gateway"]
    os.kill(status["supervisor"]["pid"], signal.SIGKILL)
    os.kill(gateway["replicas"][0]["pid"], signal.SIGKILL)

    _wait_until_healthy(raw)
    assert raw.get("/v1/payments").problem()["code"] == "maintenance"
    undone = platform.command("switch", "unset", "MAINTENANCE_MODE", "--reason", "Done.", "--json")
    assert (undone.exit_code, undone.document()["unreached"]) == (0, [])
    assert raw.get("/v1/payments").status == 200


@contextmanager
def _stopped(*family: int) -> Iterator[None]:
    """Stop processes, such as the postmaster and all its children."""
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in family:
            os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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
