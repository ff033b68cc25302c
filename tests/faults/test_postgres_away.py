"""PostgreSQL stands still, or is gone: the edge says so at once, and all goes on when it is back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.people import People
from tests.support.platform import Platform, free_port
from tests.support.raw import Answer, RawClient
from waqiti.client import Client

HEALTH_SECONDS = 1.0
REFUSAL_SECONDS = 2.0
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

        with _stopped(platform.status()["postgres"]["pid"]):
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


@contextmanager
def _stopped(postmaster: int) -> Iterator[None]:
    """Stop the postmaster and all its children."""
    family = [postmaster, *_children(postmaster)]
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
    while raw.send("GET", "/health/critical", key=None).status != 200:
        assert time.monotonic() < deadline, raw.send("GET", "/health/critical", key=None)
        time.sleep(0.2)
