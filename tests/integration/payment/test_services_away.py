"""When a service is away: nothing is approved blindly, nothing is lost, and others do not wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, Mood, approve, scored
from tests.support.desk import Desk, open_desk, order, uuid_of
from tests.support.house import House
from tests.support.tcp_proxy import TcpProxy
from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.runtime import serve_in_background
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE

IMPATIENT = {"WAQITI_FRAUD_PATIENCE_SECONDS": "0.5", "WAQITI_COMPLIANCE_PATIENCE_SECONDS": "1"}


@pytest.mark.parametrize("mood", ["away", "hanging"])
async def test_without_a_score_the_money_is_held_and_the_review_closes_itself(
    open_payments: OpenDesk, deciders: Deciders, mood: Mood
) -> None:
    async with open_payments(WAQITI_FRAUD_PATIENCE_SECONDS="0.5") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.fraud = mood

        payment = await desk.pay(payer, payee, 600, fee=6)
        reviewed = await desk.becomes(payment["id"], "in_review")
        held = (await desk.account(payer)).held
        deciders.fraud = "well"
        captured = await desk.becomes(payment["id"], "captured")

        assert reviewed["decision"]["fraud"]["reasons"][0]["code"] == "no_score"
        assert held == 600
        assert captured["decision"]["fraud"]["outcome"] == "approve"
        assert await desk.balances(payer, payee) == (400, 594)
        assert await desk.transitions(payment["id"]) == ["created", "screening", "in_review", "captured"]
        assert (await desk.count("clocks"), await desk.count("parked")) == (0, 0)


async def test_a_score_that_comes_late_declines_authorizes_or_leaves_the_review_open(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments(WAQITI_FRAUD_PATIENCE_SECONDS="0.3") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.fraud = "away"
        first = await desk.pay(payer, payee, 100)
        manual = await desk.pay(payer, payee, 200, capture="manual")
        third = await desk.pay(payer, payee, 300)
        for payment in (first, manual, third):
            await desk.becomes(payment["id"], "in_review")
        assert (await desk.account(payer)).held == 600

        outcomes = {
            uuid_of(first): scored("decline", 0.95, "mule_pattern"),
            uuid_of(manual): approve,
            uuid_of(third): scored("review", 0.8, "odd_hour"),
        }
        deciders.score = lambda item: outcomes[item.id](item)
        deciders.fraud = "well"

        declined = await desk.becomes(first["id"], "declined")
        assert declined["failure"]["code"] == "fraud_declined"
        await desk.becomes(manual["id"], "authorized")
        assert (await desk.account(payer)).held == 500
        assert (await desk.act(manual["id"], "capture")).status == 200
        reviewed = await desk.payment(third["id"])
        assert (reviewed["status"], reviewed["decision"]["fraud"]["score"]) == ("in_review", 0.8)
        assert await desk.balances(payer, payee) == (500, 200)


async def test_a_wallet_that_was_frozen_meanwhile_ends_the_review_and_gives_the_hold_back(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments(WAQITI_FRAUD_PATIENCE_SECONDS="0.3") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.fraud = "away"
        payment = await desk.pay(payer, payee, 100)
        await desk.becomes(payment["id"], "in_review")
        await desk.set_flags(payer, "freeze")
        deciders.fraud = "well"

        failed = await desk.becomes(payment["id"], "failed")

        assert failed["failure"]["code"] == "wallet_frozen"
        assert (await desk.account(payer)).held == 0


async def test_without_compliance_a_payment_fails_after_its_time(open_payments: OpenDesk, deciders: Deciders) -> None:
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.compliance = "away"

        payment = await desk.pay(payer, payee, 600)
        failed = await desk.becomes(payment["id"], "failed")

        assert failed["failure"]["code"] == "compliance_unavailable"
        assert await desk.balances(payer, payee) == (1_000, 0)
        assert (await desk.account(payer)).held == 0


async def test_compliance_that_returns_in_time_decides(open_payments: OpenDesk, deciders: Deciders) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        deciders.compliance = "away"
        payment = await desk.pay(payer, payee, 600)
        assert payment["status"] == "screening"
        deciders.compliance = "well"

        ended = await desk.ends(payment["id"])

        assert ended["status"] == "captured"
        assert await desk.balances(payer, payee) == (400, 600)


class _Strait:
    """The only way to the ledger."""

    def __init__(self, desk: Desk, proxy: TcpProxy) -> None:
        self.desk = desk
        self.proxy = proxy


@contextlib.asynccontextmanager
async def behind_a_strait(house: House, deciders: Deciders, **settings: str) -> AsyncIterator[_Strait]:
    """Serve with a proxy between payment-service and the ledger."""
    async with serve_in_background([LEDGER_SERVICE], {LEDGER: house.environment(LEDGER)}) as addresses:
        parts = urlsplit(addresses[LEDGER])
        assert parts.hostname is not None
        assert parts.port is not None
        proxy = TcpProxy(parts.hostname, parts.port)
        await proxy.start()
        async with open_desk(house, deciders, settings, ledger=addresses[LEDGER], proxy=proxy) as desk:
            yield _Strait(desk, proxy)
        await proxy.refuse()


async def test_without_the_ledger_payments_wait_and_end_once_it_is_back(house: House, deciders: Deciders) -> None:
    async with behind_a_strait(house, deciders) as strait:
        desk = strait.desk
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        await desk.pay(payer, payee, 1)
        await strait.proxy.refuse()

        payments = await asyncio.gather(
            *(desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer="wait=1") for _ in range(12))
        )
        assert {answer.status for answer in payments} == {202}
        await strait.proxy.start()
        ended = [await desk.ends(answer.document()["id"]) for answer in payments]

        statuses = [payment["status"] for payment in ended]
        assert (statuses.count("captured"), statuses.count("failed")) == (9, 3)
        assert await desk.balances(payer, payee) == (99, 901)


async def test_a_lost_answer_of_the_ledger_moves_the_money_once(house: House, deciders: Deciders) -> None:
    async with behind_a_strait(house, deciders) as strait:
        desk = strait.desk
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        await desk.pay(payer, payee, 1)
        strait.proxy.lose_answers()

        answer = await desk.send("POST", "/v1/payments", order(payer, payee, 100, fee=10), Prefer="wait=1")
        while await desk.balances(payer) != (899,):
            await asyncio.sleep(0.02)
        strait.proxy.flow()
        ended = await desk.ends(answer.document()["id"])

        assert (ended["status"], ended["amount_captured"]) == ("captured", 100)
        assert (await desk.balances(payer, payee), await desk.fees()) == ((899, 91), 10)


async def test_captures_and_refunds_without_the_ledger_are_finished_once_it_is_back(
    house: House, deciders: Deciders
) -> None:
    async with behind_a_strait(house, deciders, WAQITI_FINISH_AFTER_SECONDS="0.5") as strait:
        desk = strait.desk
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        manual = await desk.pay(payer, payee, 300, capture="manual")
        paid = await desk.pay(payer, payee, 200)
        await strait.proxy.refuse()

        capture = await desk.act(manual["id"], "capture", Idempotency_Key="capture")
        refund = await desk.act(paid["id"], "refunds", {"amount": 50}, Idempotency_Key="refund")
        void, again = [await desk.act(manual["id"], "void", Idempotency_Key="void") for _ in range(2)]
        assert (capture.status, capture.document()["status"]) == (202, "authorized")
        assert (refund.status, refund.document()["status"]) == (202, "pending")
        assert (void.status, void.problem()["retryable"]) == (409, True)
        assert "idempotent-replayed" not in again.headers, "what may pass by itself is not kept"
        assert (await desk.act(paid["id"], "refunds", {"amount": 151})).status == 409, "it is reserved"
        await strait.proxy.start()

        await desk.becomes(manual["id"], "captured")
        await desk.becomes(paid["id"], "partially_refunded")
        captured = await desk.act(manual["id"], "capture", Idempotency_Key="capture")
        refunded = await desk.act(paid["id"], "refunds", {"amount": 50}, Idempotency_Key="refund")
        assert (captured.status, captured.document()["status"]) == (200, "captured")
        assert (refunded.status, refunded.document()["status"]) == (201, "succeeded")
        assert refunded.document()["id"] == refund.document()["id"]
        assert {answer.headers.get("idempotent-replayed") for answer in (captured, refunded)} == {"true"}
        assert {answer.headers.get("idempotent-replayed") for answer in (capture, refund)} == {None}
        assert await desk.balances(payer, payee) == (550, 450)


async def test_a_payment_is_given_up_by_a_refusal_that_the_ledger_stored(house: House, deciders: Deciders) -> None:
    async with behind_a_strait(house, deciders, WAQITI_LEDGER_PATIENCE_SECONDS="2") as strait:
        desk = strait.desk
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        moved = await desk.pay(payer, payee, 1)
        strait.proxy.lose_answers()
        posted = await desk.send("POST", "/v1/payments", order(payer, payee, 100), Prefer="wait=0")
        while await desk.balances(payer) != (899,):
            await asyncio.sleep(0.02)
        await strait.proxy.refuse()
        never = await desk.send("POST", "/v1/payments", order(payer, payee, 50), Prefer="wait=3")
        await strait.proxy.start()

        assert (await desk.ends(posted.document()["id"]))["status"] == "captured", "the ledger knows better"
        given_up = await desk.ends(never.document()["id"])
        assert (given_up["status"], given_up["failure"]["code"]) == ("failed", "given_up")
        assert await desk.balances(payer, payee) == (899, 101)
        assert moved["status"] == "captured"
