"""Why payments are refused, and who sees the reasons."""

import asyncio
from uuid import uuid4

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, scored, screened
from tests.support.desk import order
from tests.support.house import OPERATOR_KEY


async def test_a_payment_without_funds_fails_and_moves_nothing(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()

        payment = await desk.pay(payer, payee, 101, fee=1)

        assert (payment["status"], payment["failure"]["code"]) == ("failed", "insufficient_funds")
        assert await desk.balances(payer, payee) == (100, 0)
        assert await desk.transitions(payment["id"]) == ["created", "failed"]


async def test_sixty_payments_at_once_out_of_funds_for_ten_make_exactly_ten(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        payments = await asyncio.gather(*(desk.pay(payer, payee, 100) for _ in range(60)))

        statuses = [payment["status"] for payment in payments]
        assert (statuses.count("captured"), statuses.count("failed")) == (10, 50)
        assert await desk.balances(payer, payee) == (0, 1_000)


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("limit_exceeded", "declined", "limit_exceeded"),
        ("sanctions_hit", "declined", "sanctions_hit"),
        ("customer_blocked", "declined", "sanctions_hit"),
        ("customer_not_active", "failed", "customer_not_active"),
    ],
)
async def test_what_compliance_refuses_is_refused(
    open_payments: OpenDesk, deciders: Deciders, code: str, status: str, shown: str
) -> None:
    deciders.screen = screened("confirmed", code)
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        payment = await desk.pay(payer, payee, 100, fee=10)

        assert (payment["status"], payment["failure"]["code"]) == (status, shown)
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_high_score_declines_but_missing_funds_are_said_first(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.score = scored("decline", 0.97, "mule_pattern")
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        declined = await desk.pay(payer, payee, 100)
        failed = await desk.pay(payer, payee, 1_001)

        assert (declined["status"], declined["failure"]["code"]) == ("declined", "fraud_declined")
        assert declined["decision"]["fraud"]["score"] == 0.97
        assert declined["decision"]["fraud"]["reasons"][0]["code"] == "mule_pattern"
        assert (failed["status"], failed["failure"]["code"]) == ("failed", "insufficient_funds")
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_payee_may_hold_no_more_than_compliance_says(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.screen = screened("clear", max_credit_balance=150)
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        assert (await desk.pay(payer, payee, 100))["status"] == "captured"
        over = await desk.pay(payer, payee, 51)

        assert (over["status"], over["failure"]["code"]) == ("declined", "limit_exceeded")
        assert "would hold more" in over["failure"]["detail"]
        assert await desk.balances(payer, payee) == (900, 100)


async def test_a_frozen_payer_fails(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        await desk.set_flags(payer, "freeze")
        payment = await desk.pay(payer, payee, 5_000)
        assert (payment["status"], payment["failure"]["code"]) == ("failed", "wallet_frozen")


async def test_the_reasons_of_compliance_are_for_operators(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.screen = screened("confirmed", "sanctions_hit")
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 100)

        path = f"/v1/payments/{payment['id']}"
        seen = (await desk.send("GET", path, key=OPERATOR_KEY)).document()["decision"]["compliance"]

        assert "Entry 17" not in str(payment["decision"]["compliance"])
        assert payment["decision"]["compliance"]["outcome"] == "confirmed"
        assert "Entry 17" in str(seen)


async def test_free_text_is_screened_and_stays_out_of_the_events(open_payments: OpenDesk, deciders: Deciders) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        payment = await desk.pay(payer, payee, 100, description="For Ivan Example")
        await desk.pay(payer, payee, 100)

        assert [request.text for request in deciders.requests] == ["For Ivan Example", None]
        events = await desk.sql("SELECT data::text AS data FROM eventlog.events")
        assert not any("Ivan" in event["data"] for event in events)
        assert payment["description"] == "For Ivan Example"


async def test_what_is_counted(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()

        async def counted() -> dict[str, float]:
            text = (await desk.send("GET", "/actuator/prometheus", key=OPERATOR_KEY)).body.decode()
            lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("payment_")]
            return {name: float(value) for name, value in lines}

        before = await counted()
        for amount in (60, 60, 40):
            await desk.send("POST", "/v1/payments", order(payer, payee, amount), Idempotency_Key=uuid4().hex)
        after = await counted()

        def grown(name: str) -> float:
            return after.get(name, 0) - before.get(name, 0)

        assert (grown("payment_total"), grown("payment_success_total")) == (2, 2)
        assert grown('payment_refused_total{reason="funds"}') == 1
