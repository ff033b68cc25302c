"""One key, one payment."""

import asyncio
from uuid import uuid4

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders
from tests.support.desk import order
from waqiti.foundation.ids import encode, new_id


async def test_a_replay_gives_the_payment_in_its_present_form_and_says_so(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        key, body = uuid4().hex, order(payer, payee, 400)

        first = await desk.send("POST", "/v1/payments", body, Idempotency_Key=key)
        await desk.act(first.document()["id"], "refunds", {"amount": 100})
        again = await desk.send("POST", "/v1/payments", body, Idempotency_Key=key)

        assert (first.status, again.status) == (201, 201)
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert again.document()["id"] == first.document()["id"]
        assert again.document()["status"] == "partially_refunded"
        assert await desk.balances(payer, payee) == (700, 300)


async def test_a_key_with_another_body_is_refused(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        key = uuid4().hex
        await desk.send("POST", "/v1/payments", order(payer, payee, 400), Idempotency_Key=key)

        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 401), Idempotency_Key=key)

        assert (answer.status, answer.problem()["code"]) == (422, "idempotency_key_reused")
        assert await desk.balances(payer) == (600,)


async def test_sixteen_equal_requests_at_once_make_one_payment_and_all_get_it(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        key, body = uuid4().hex, order(payer, payee, 100)

        answers = await asyncio.gather(
            *(desk.send("POST", "/v1/payments", body, Idempotency_Key=key) for _ in range(16))
        )

        assert {answer.status for answer in answers} == {201}
        assert len({answer.document()["id"] for answer in answers}) == 1
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
        assert await desk.count("payments") == 1
        assert await desk.balances(payer, payee) == (900, 100)


async def test_equal_and_different_bodies_under_one_key_at_once_make_one_payment(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        key = uuid4().hex

        answers = await asyncio.gather(
            *(
                desk.send("POST", "/v1/payments", order(payer, payee, 100 + number % 2), Idempotency_Key=key)
                for number in range(8)
            )
        )

        assert sorted(answer.status for answer in answers) == [201] * 4 + [422] * 4
        assert await desk.count("payments") == 1


async def test_a_replay_waits_as_long_as_it_asks(open_payments: OpenDesk, deciders: Deciders) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        key, body = uuid4().hex, order(payer, payee, 100)
        deciders.compliance = "away"

        first = await desk.send("POST", "/v1/payments", body, Idempotency_Key=key, Prefer="wait=0")
        waiting = asyncio.create_task(desk.send("POST", "/v1/payments", body, Idempotency_Key=key, Prefer="wait=15"))
        await desk.becomes(first.document()["id"], "screening")
        deciders.compliance = "well"
        again = await waiting

        assert (first.status, first.document()["status"]) == (202, "created")
        assert (again.status, again.document()["status"]) == (201, "captured")
        assert again.headers["idempotent-replayed"] == "true"


async def test_a_refused_conflict_is_kept_under_its_key(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 100)
        key = uuid4().hex

        first = await desk.act(payment["id"], "refunds", {"amount": 101}, Idempotency_Key=key)
        again = await desk.act(payment["id"], "refunds", {"amount": 101}, Idempotency_Key=key)
        other = await desk.act(payment["id"], "refunds", {"amount": 100}, Idempotency_Key=key)

        assert (first.status, again.status) == (409, 409)
        assert again.problem()["code"] == "conflict"
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("what", ["capture", "void", "refunds"])
async def test_that_there_is_no_such_payment_is_kept_under_its_key(open_payments: OpenDesk, what: str) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        real = await desk.pay(payer, payee, 100, capture="manual")
        unknown, key = encode("pay", new_id()), uuid4().hex

        first = await desk.act(unknown, what, Idempotency_Key=key)
        again = await desk.act(unknown, what, Idempotency_Key=key)
        other = await desk.act(unknown, what, {"surprise": 1}, Idempotency_Key=key)

        assert (first.status, first.problem()["code"]) == (404, "not_found")
        assert "idempotent-replayed" not in first.headers
        assert (again.status, again.problem(), again.headers["idempotent-replayed"]) == (404, first.problem(), "true")
        assert other.status == 422
        assert (await desk.payment(real["id"]))["status"] == "authorized"
        assert await desk.balances(payer, payee) == (900, 0)


async def test_sixteen_equal_refunds_at_once_give_the_money_back_once(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet(500)
        payment = await desk.pay(payer, payee, 100)
        key = uuid4().hex

        answers = await asyncio.gather(
            *(desk.act(payment["id"], "refunds", {"amount": 60}, Idempotency_Key=key) for _ in range(16))
        )

        assert {answer.status for answer in answers} <= {201, 202, 409}
        assert len({answer.document()["id"] for answer in answers if answer.status < 300}) == 1
        assert await desk.balances(payer, payee) == (60, 540)
