"""How long an answer takes, and what it says meanwhile."""

import asyncio
import time

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders
from tests.support.desk import order


async def test_waiting_zero_seconds_answers_at_once_and_the_payment_still_ends(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()

        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer="wait=0")

        assert (answer.status, answer.document()["status"]) == (202, "created")
        assert answer.document()["decision"] == {"fraud": None, "compliance": None}
        assert (await desk.ends(answer.document()["id"]))["status"] == "captured"


async def test_an_answer_waits_no_longer_than_asked(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.compliance = "away"
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()

        started = time.monotonic()
        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer="wait=1")

        assert 0.9 < time.monotonic() - started < 2.5
        assert (answer.status, answer.document()["status"]) == (202, "screening")


async def test_an_answer_comes_soon_after_the_event_not_after_a_poll(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        await desk.pay(payer, payee, 1)

        seconds = []
        for _ in range(10):
            started = time.monotonic()
            await desk.pay(payer, payee, 1)
            seconds.append(time.monotonic() - started)

        assert sorted(seconds)[5] < 0.05, seconds


async def test_waiting_requests_are_answered_at_once_when_the_service_drains(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.compliance = "away"
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        waiting = asyncio.create_task(
            desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer="wait=20"), name="a waiting request"
        )
        while await desk.count("parked") == 0:
            await asyncio.sleep(0.02)
        started = time.monotonic()
    answer = await waiting
    assert answer.status == 202
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("prefer", ["wait=soon", "respond-async", "wait=-1", ""])
async def test_a_preference_that_cannot_be_read_is_the_default(open_payments: OpenDesk, prefer: str) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer=prefer)
        assert (answer.status, answer.document()["status"]) == (201, "captured")
