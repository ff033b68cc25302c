"""Payments are stuck because somebody who decides stands still: they are seen, explained, and moved on by command."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.support.people import People
from tests.support.platform import Platform, free_port
from tests.support.raw import RawClient
from tests.support.stopping import children_of, stopped
from waqiti.client import Client
from waqiti.contracts.payment import REDRIVE_PATH
from waqiti.operations.store import audit, transaction

PARK_AS_POISON = "UPDATE parked SET reason = 'poison', retry_at = now() + interval '1 hour'"
ASKED_SECONDS = 7.0
"""Above the five seconds that the ledger is given for an answer, far below the thirty after which it counts as hung."""
REASON = ("--reason", "A fault test.")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(Path(tmp_path_factory.mktemp("stuck")) / "state", free_port())
    running.up()
    try:
        yield running
        assert running.verify_books()["balanced"] is True
    finally:
        running.down(wipe=True)


def processes(platform: Platform, service: str) -> list[int]:
    rows = [row for row in platform.status()["deployments"] if row["name"] == service]
    return [process["pid"] for row in rows for replica in row["replicas"] for process in replica["processes"]]


def until(holds: Callable[[], bool], timeout_seconds: float = 20) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def document(platform: Platform, *arguments: str, exit_code: int = 0) -> Any:
    done = platform.command("payments", *arguments, "--json")
    assert done.exit_code == exit_code, done
    return done.document()


def audited(platform: Platform) -> list[tuple[str, Any]]:
    with transaction(platform.state / "operations" / "ops.db") as connection:
        assert audit.verify(connection).intact
        rows = connection.execute("SELECT action, details FROM audit ORDER BY seq").fetchall()
    return [(action, json.loads(details)) for action, details in rows]


def test_what_the_ledger_does_not_decide_is_stuck_until_it_is_redriven_and_moves_once(platform: Platform) -> None:
    credentials = platform.credentials
    raw = RawClient(credentials.base_url, credentials.api_key)
    with Client(credentials.base_url, credentials.api_key) as client:
        people = People(client)
        payer, payee = people.wallet(funds=10_000), people.wallet()
        order = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 1_250, "currency": "EUR"}

        with stopped(*processes(platform, "ledger-service")):
            headers = {"Prefer": "wait=0", "Idempotency-Key": uuid4().hex}
            accepted = raw.send("POST", "/v1/payments", json.dumps(order).encode(), headers)
            payment = accepted.document()["id"]
            until(lambda: document(platform, "explain", payment)["payment"]["status"] == "screening")

            found = document(platform, "stuck", "--older", "1s")
            assert (found["payments"], found["amounts"]) == (1, [{"currency": "EUR", "payments": 1, "amount": 1_250}])
            (row,) = found["listed"]
            assert (row["id"], row["reason"], row["waits_for"]) == (payment, "away", "ledger-service")
            told = platform.command("payments", "explain", payment).stdout
            assert "It has waited for ledger-service for" in told
            assert max(map(len, told.splitlines())) <= 80
            asyncio.run(execute(credentials.databases["payment-service"], PARK_AS_POISON))
            # Whoever asks the ledger about it at this moment gives up first.
            time.sleep(ASKED_SECONDS)

        time.sleep(2.5)
        assert document(platform, "stuck", "--older", "1s")["listed"][0]["reason"] == "poison", "nothing moves it"
        assert platform.command("payments", "redrive", "--all-stuck", "--older", "1h", *REASON).exit_code == 0
        assert document(platform, "stuck", "--older", "1s")["payments"] == 1, "it is not that old"

        done = document(platform, "redrive", "--all-stuck", "--older", "1s", *REASON)

        (outcome,) = done["payments"]
        assert (outcome["id"], outcome["action"], outcome["after"]) == (payment, "retried", "captured")
        assert done["stuck"] == []
        assert document(platform, "redrive", payment, payment, *REASON)["payments"][0]["action"] == "not_waiting"
        assert document(platform, "stuck", "--older", "1s")["payments"] == 0
        assert (people.available(payer), people.available(payee)) == (8_750, 1_250)
        asked, came = audited(platform)[:2]
        assert asked == ("payments.redrive", {"payments": [payment], "reason": "A fault test."})
        assert came[0] == "payments.redriven"
        assert came[1]["actions"] == {"retried": 1}


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def test_what_cannot_be_redriven_is_said_and_fails(platform: Platform) -> None:
    unknown = "pay_01k0b2c3d4e5f6g7h8j9kamnpq"
    done = document(platform, "redrive", unknown, *REASON, exit_code=1)
    assert f"There is no payment {unknown}" in platform.command("payments", "redrive", unknown, *REASON).stderr
    assert [(one["id"], one["action"], one["after"]) for one in done["payments"]] == [(unknown, "unknown", None)]
    assert document(platform, "explain", unknown, exit_code=1)["stands"] == "There is no such payment."
    assert platform.command("payments", "explain", "wal_odd").exit_code == 2
    assert platform.command("payments", "redrive", *REASON).exit_code == 2
    assert platform.command("payments", "redrive", unknown, "--all-stuck", *REASON).exit_code == 2
    assert platform.command("payments", "stuck", "--older", "soon").exit_code == 2


def test_redriving_is_for_operators_and_not_at_the_edge(platform: Platform) -> None:
    credentials = platform.credentials
    body = {"ids": ["pay_01k0b2c3d4e5f6g7h8j9kamnpq"]}
    service = credentials.services["payment-service"]

    assert RawClient(service, credentials.operator_key).post(REDRIVE_PATH, body).status == 200
    assert RawClient(service, credentials.api_key).post(REDRIVE_PATH, body).problem()["code"] == "forbidden"
    assert RawClient(service, None).post(REDRIVE_PATH, body).problem()["code"] == "unauthorized"
    assert RawClient(credentials.base_url, credentials.operator_key).post(REDRIVE_PATH, body).status == 404


def test_with_postgres_away_the_commands_say_so_and_end(platform: Platform) -> None:
    postmaster = platform.status()["postgres"]["pid"]
    with stopped(postmaster, *children_of(postmaster)):
        began = time.monotonic()
        stuck = platform.command("payments", "stuck", "--json")
        told = platform.command("payments", "explain", "pay_01k0b2c3d4e5f6g7h8j9kamnpq", "--json")
        assert time.monotonic() - began < 12

    assert (stuck.exit_code, "does not answer" in stuck.stderr) == (3, True), stuck
    assert "does not answer" in json.loads(stuck.stdout)["error"]
    assert told.exit_code == 1
    assert "cannot be known now" in told.document()["stands"]
    assert {one["source"] for one in told.document()["unreadable"]} >= {"payment-service", "ledger-service"}
    assert "Traceback" not in stuck.stderr + told.stderr
