"""More payments than payment-service takes at once are redriven in parts; what came of each part is kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Exchange, ScriptedServer
from waqiti.cli.payments.showing import redriven_lines
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.payment import MAX_REDRIVE
from waqiti.foundation.ids import new_id
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.payments import redriving
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"
MANY = [new_id() for _ in range(MAX_REDRIVE + 100)]


def requeued(exchange: Exchange) -> None:
    ids = json.loads(exchange.request.partition(b"\r\n\r\n")[2])["ids"]
    payments = [{"id": one, "action": "requeued", "status": "created"} for one in ids]
    exchange.answer(json.dumps({"payments": payments}).encode())


def refused(exchange: Exchange) -> None:
    exchange.answer(json.dumps({"detail": "The database is away."}).encode(), 503)


async def redrive(layout: Layout, server: ScriptedServer) -> redriving.RedriveDone:
    credentials = Credentials(
        base_url=server.url,
        operations_url=server.url,
        api_key="",
        operator_key="operator",
        approver_key="",
        services={PAYMENT: server.url},
        databases={PAYMENT: NOBODY},
    )
    return await redriving.redrive(layout, credentials, MANY, actor="ana", reason="A test.")


def audited(layout: Layout) -> list[tuple[str, Any]]:
    with transaction(layout.operations_store) as connection:
        assert audit.verify(connection).intact
        rows = connection.execute("SELECT action, details FROM audit ORDER BY seq").fetchall()
    return [(action, json.loads(details)) for action, details in rows]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No statuses can be read here: nothing is waited for."""
    monkeypatch.setattr(redriving, "WAIT_SECONDS", 0.0)


async def test_what_went_through_before_a_part_failed_is_told_and_audited(tmp_path: Path) -> None:
    async def first_part_only(exchange: Exchange) -> None:
        requeued(exchange) if exchange.number == 1 else refused(exchange)

    async with ScriptedServer(first_part_only).running() as server:
        done = await redrive(Layout(tmp_path), server)

    assert (done.wanted, len(done.payments)) == (MAX_REDRIVE + 100, MAX_REDRIVE)
    assert done.failure == "payment-service refused: The database is away."
    (_, wanted), (action, came) = audited(Layout(tmp_path))
    assert len(wanted["payments"]) == MAX_REDRIVE + 100
    assert action == "payments.redriven"
    assert (came["wanted"], came["answered"], came["failure"]) == (MAX_REDRIVE + 100, MAX_REDRIVE, done.failure)
    assert came["actions"] == {"requeued": MAX_REDRIVE}


async def test_that_nothing_went_through_is_audited_too(tmp_path: Path) -> None:
    async def never(exchange: Exchange) -> None:
        refused(exchange)

    async with ScriptedServer(never).running() as server:
        done = await redrive(Layout(tmp_path), server)

    assert (done.wanted, done.payments, done.stuck) == (MAX_REDRIVE + 100, [], [])
    assert redriven_lines(done) == []
    (_, (action, came)) = audited(Layout(tmp_path))
    assert (action, came["answered"], came["failure"]) == ("payments.redriven", 0, done.failure)


async def test_all_parts_count(tmp_path: Path) -> None:
    async def always(exchange: Exchange) -> None:
        requeued(exchange)

    async with ScriptedServer(always).running() as server:
        done = await redrive(Layout(tmp_path), server)

    assert (len(done.payments), len(done.stuck), done.failure) == (MAX_REDRIVE + 100, MAX_REDRIVE + 100, None)
    assert len(server.requests) == 2
