"""payment-service in read-only: nothing new, replays as before, and what was accepted ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders
from tests.support.desk import Desk, order
from tests.support.raw import Answer
from tests.support.switching import Board
from waqiti.contracts.catalog import PAYMENT

IN_FORCE_SECONDS: Final = 1.0


@asynccontextmanager
async def read_only(desk: Desk, board: Board) -> AsyncIterator[None]:
    board.set(PAYMENT, "READ_ONLY_MODE", True)
    await in_force(desk, board)
    yield
    board.set(PAYMENT, "READ_ONLY_MODE", False)
    await in_force(desk, board)


async def in_force(desk: Desk, board: Board) -> None:
    async with asyncio.timeout(IN_FORCE_SECONDS):
        while await desk.metric("waqiti_switch_revision") != board.revision:
            await asyncio.sleep(0.02)


def assert_read_only(answer: Answer) -> None:
    assert (answer.status, answer.problem()["code"]) == (503, "read_only"), answer
    assert answer.headers["retry-after"] == "5"


def assert_replayed(answer: Answer, first: Answer) -> None:
    assert answer.status == first.status, answer
    assert answer.headers["idempotent-replayed"] == "true"
    assert answer.document()["id"] == first.document()["id"]


async def test_nothing_is_paid_captured_voided_or_refunded_and_no_money_moves(
    open_payments: OpenDesk, tmp_path: Path
) -> None:
    board = Board(tmp_path)
    async with open_payments(**board.variables) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        captured = await desk.pay(payer, payee, 300)
        authorized = await desk.pay(payer, payee, 200, capture="manual")
        before = await desk.count("payments")

        async with read_only(desk, board):
            assert_read_only(await desk.send("POST", "/v1/payments", order(payer, payee, 1)))
            batch = {"payments": [{"idempotency_key": "a", **order(payer, payee, 1)}]}
            assert_read_only(await desk.send("POST", "/v1/payments/batch", batch))
            assert_read_only(await desk.act(authorized["id"], "capture"))
            assert_read_only(await desk.act(authorized["id"], "void"))
            assert_read_only(await desk.act(captured["id"], "refunds"))
            assert (await desk.payment(captured["id"]))["status"] == "captured"
            assert (await desk.payment(authorized["id"]))["status"] == "authorized"
            assert await desk.count("payments") == before

        assert (await desk.act(authorized["id"], "capture")).status == 200


async def test_replays_are_answered_as_before(open_payments: OpenDesk, tmp_path: Path) -> None:
    board = Board(tmp_path)
    async with open_payments(**board.variables) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        body = order(payer, payee, 100)
        paid = await desk.send("POST", "/v1/payments", body, Idempotency_Key="pay")
        authorized = await desk.pay(payer, payee, 200, capture="manual")
        captured = await desk.act(authorized["id"], "capture", Idempotency_Key="capture")
        refunded = await desk.act(paid.document()["id"], "refunds", {"amount": 10}, Idempotency_Key="refund")

        async with read_only(desk, board):
            assert_replayed(await desk.send("POST", "/v1/payments", body, Idempotency_Key="pay"), paid)
            again = await desk.act(authorized["id"], "capture", Idempotency_Key="capture")
            assert_replayed(again, captured)
            again = await desk.act(paid.document()["id"], "refunds", {"amount": 10}, Idempotency_Key="refund")
            assert_replayed(again, refunded)
            other = await desk.send("POST", "/v1/payments", order(payer, payee, 101), Idempotency_Key="pay")
            assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")


async def test_a_batch_is_a_replay_where_each_of_its_payments_is(open_payments: OpenDesk, tmp_path: Path) -> None:
    board = Board(tmp_path)
    async with open_payments(**board.variables) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        items = [{"idempotency_key": f"item {number}", **order(payer, payee, 10)} for number in range(3)]
        first = await desk.send("POST", "/v1/payments/batch", {"payments": items[:2]}, Idempotency_Key="batch")

        async with read_only(desk, board):
            path = "/v1/payments/batch"
            again = await desk.send("POST", path, {"payments": items[:2]}, Idempotency_Key="batch")
            assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
            assert _ids(again) == _ids(first)
            assert_read_only(await desk.send("POST", path, {"payments": items}, Idempotency_Key="larger"))
            assert await desk.count("payments") == 2


def _ids(answer: Answer) -> list[Any]:
    return [result["payment"]["id"] for result in answer.document()["results"]]


async def test_what_was_accepted_before_ends(open_payments: OpenDesk, deciders: Deciders, tmp_path: Path) -> None:
    board = Board(tmp_path)
    async with open_payments(**board.variables) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.fraud = "away"
        accepted = await desk.accept(payer, payee, 100)

        async with read_only(desk, board):
            deciders.fraud = "well"
            ended = await desk.ends(accepted["id"])
            assert ended["status"] == "captured"
