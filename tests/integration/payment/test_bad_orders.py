"""Bad input: a clear refusal, and nothing is written."""

from typing import Any

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.desk import order
from waqiti.foundation.ids import encode, new_id


async def test_each_wrong_field_is_named_and_nothing_is_written(open_payments: OpenDesk) -> None:
    wrong: list[tuple[str, Any]] = [
        ("amount", 0),
        ("amount", -1),
        ("amount", 1.5),
        ("amount", 1.0),
        ("amount", "100"),
        ("amount", True),
        ("amount", 10**15 + 1),
        ("amount", 10**30),
        ("currency", "eur"),
        ("currency", "USD"),
        ("currency", 978),
        ("fee", -1),
        ("fee", 101),
        ("capture", "later"),
        ("surprise", 1),
        ("metadata", {"a": 1}),
        ("metadata", []),
        ("metadata", {f"k{number}": "v" for number in range(51)}),
        ("description", 5),
        ("description", "x" * 501),
        ("from_wallet", 5),
    ]
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        for field, value in wrong:
            answer = await desk.send("POST", "/v1/payments", order(payer, payee, 100) | {field: value})
            assert answer.status == 422, (field, value, answer)
            problem = answer.problem()
            assert problem["code"] == "invalid_request"
            assert any(field in error["pointer"] for error in problem["errors"]), problem

        assert await desk.count("payments") == 0
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_wallet_that_does_not_exist_is_not_found(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer = await desk.wallet(100)
        for other in (encode("wal", new_id()), "wal_x", "nonsense", "pay_" + "0" * 26, "wal_" + "z" * 26):
            answer = await desk.send("POST", "/v1/payments", order(payer, other, 100))
            assert (answer.status, answer.problem()["code"]) == (404, "not_found"), other
        assert await desk.count("payments") == 0


async def test_the_same_wallet_twice_is_refused(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        wallet = await desk.wallet(100)
        answer = await desk.send("POST", "/v1/payments", order(wallet, wallet, 1))
        assert (answer.status, answer.problem()["errors"][0]["pointer"]) == (422, "/to_wallet")


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_odd_key_is_refused(open_payments: OpenDesk, key: str) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 1), Idempotency_Key=key)
        assert answer.status == 422
        assert await desk.count("payments") == 0


async def test_what_does_not_exist_is_not_found(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        unknown = encode("pay", new_id())
        for path in (f"/v1/payments/{unknown}", f"/v1/payments/{unknown}/events", "/v1/payments/nonsense"):
            assert (await desk.send("GET", path)).status == 404, path
        assert (await desk.send("GET", "/v1/refunds/" + encode("ref", new_id()))).status == 404
        for what in ("capture", "void", "refunds"):
            assert (await desk.act(unknown, what)).status == 404, what


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=abc", "wallet=x", "status=odd", "created_after=now"])
async def test_a_list_that_cannot_be_is_refused(open_payments: OpenDesk, query: str) -> None:
    async with open_payments() as desk:
        answer = await desk.send("GET", f"/v1/payments?{query}")
        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")


async def test_the_states_are_for_other_deployments_only(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        answer = await desk.send("POST", "/internal/payments/states", {"ids": []})
        assert answer.status == 403
