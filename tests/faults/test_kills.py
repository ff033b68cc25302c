"""Kill -9 of every process while payments flow: all recovers by itself, and every accepted payment ends once."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.hook_server import HookServer
from tests.support.platform import Platform, free_port
from tests.support.traffic import Traffic
from waqiti.client import Client
from waqiti.contracts import prefixes
from waqiti.contracts.catalog import COMPLIANCE, DEPLOYMENTS, FRAUD, NOTIFICATION
from waqiti.foundation.ids import parse
from waqiti.services.notification.domain.deliveries import LEASE

HEAL_TIMEOUT_SECONDS = 40
TARGETS = [(row.name, "api") for row in DEPLOYMENTS] + [(row.name, "worker") for row in DEPLOYMENTS if row.worker]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(Path(tmp_path_factory.mktemp("kills")) / "state", free_port())
    running.up()
    try:
        yield running
        assert running.verify_books()["balanced"] is True
    finally:
        running.down(wipe=True)


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    credentials = platform.credentials
    with Client(credentials.base_url, credentials.api_key, max_attempts=8) as connected:
        yield connected


@pytest.mark.parametrize(("deployment", "role"), TARGETS)
def test_a_killed_process_comes_back_and_no_payment_is_lost(
    platform: Platform, client: Client, deployment: str, role: str
) -> None:
    victim = _process(platform.status(), deployment, role)

    with Traffic(client) as traffic:
        traffic.wait_for(20)
        os.kill(victim, signal.SIGKILL)
        _wait_until_healed(platform, deployment, role, victim)
        traffic.wait_for(20)

    assert traffic.assert_each_ended_once().keys() == {"captured"}


def test_postgres_killed_while_payments_flow_recovers_with_all_of_them(platform: Platform, client: Client) -> None:
    victim = platform.status()["postgres"]["pid"]

    with Traffic(client) as traffic:
        traffic.wait_for(50)
        os.kill(victim, signal.SIGKILL)
        killed_at = time.monotonic()
        while not _postgres_anew(platform.status(), victim):
            assert time.monotonic() - killed_at < HEAL_TIMEOUT_SECONDS, "PostgreSQL did not come back"
            time.sleep(0.1)
        traffic.wait_for(50)

    assert traffic.assert_each_ended_once().keys() == {"captured"}
    ids = [parse(prefixes.PAYMENT, payment.id, "payment") for payment in traffic.final_payments()]
    assert _kept(platform, FRAUD, "SELECT count(*) FROM decisions WHERE id = ANY($1)", ids) == len(ids)
    assert _kept(platform, COMPLIANCE, "SELECT count(*) FROM reservations WHERE id = ANY($1)", ids) == len(ids)


def test_a_killed_worker_of_notifications_leaves_no_payment_untold(platform: Platform, client: Client) -> None:
    with HookServer() as receiver:
        endpoint = client.webhooks.create(url=receiver.url, events=["payment.captured"])
        receiver.secret = endpoint.secret
        with Traffic(client) as traffic:
            for _ in range(2):
                traffic.wait_for(30)
                os.kill(_process(platform.status(), NOTIFICATION, "worker"), signal.SIGKILL)
                traffic.wait_for(30)
                _wait_for_worker(platform, NOTIFICATION)
        captured = {payment.id for payment in traffic.final_payments() if payment.status == "captured"}
        # Who is killed leaves what it was sending to whoever looks when its lease has ended.
        receiver.wait_for(captured, "payment.captured", LEASE.total_seconds() + 15)
        client.webhooks.delete(endpoint.id)

    assert receiver.refused == 0
    told = {event.id for event in receiver.events if event.data["payment_id"] in captured}
    assert len(told) == len(captured), "each is one event, however often it was sent"


def _wait_for_worker(platform: Platform, deployment: str) -> None:
    deadline = time.monotonic() + HEAL_TIMEOUT_SECONDS
    while True:
        (row,) = [row for row in platform.status()["deployments"] if row["name"] == deployment]
        if row["state"] == "Ready" and [one["role"] for one in row["replicas"][0]["processes"]].count("worker") == 1:
            return
        assert time.monotonic() < deadline, f"{deployment} did not come back: {row}"
        time.sleep(0.1)


def _process(status: Any, deployment: str, role: str) -> int:
    (row,) = [row for row in status["deployments"] if row["name"] == deployment]
    (process,) = [process for process in row["replicas"][0]["processes"] if process["role"] == role]
    return int(process["pid"])


def _wait_until_healed(platform: Platform, deployment: str, role: str, victim: int) -> None:
    deadline = time.monotonic() + HEAL_TIMEOUT_SECONDS
    while True:
        status = platform.status()
        (row,) = [row for row in status["deployments"] if row["name"] == deployment]
        processes = [process for replica in row["replicas"] for process in replica["processes"]]
        anew = any(process["role"] == role and process["pid"] != victim for process in processes)
        if anew and row["state"] == "Ready" and row["ready"] == row["desired"]:
            return
        assert time.monotonic() < deadline, f"{deployment} {role} did not come back: {row}"
        time.sleep(0.1)


def _kept(platform: Platform, deployment: str, query: str, ids: list[UUID]) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(platform.credentials.databases[deployment])
        try:
            found: int = await connection.fetchval(query, ids)
        finally:
            await connection.close()
        return found

    return asyncio.run(count())


def _postgres_anew(status: Any, victim: int) -> bool:
    postgres = status["postgres"]
    return bool(postgres["ready"]) and postgres["pid"] != victim
