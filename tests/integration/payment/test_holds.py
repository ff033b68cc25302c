"""Manual capture: hold, capture, void, expiry."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, scored
from tests.support.desk import Desk

LONG_AGO = "UPDATE clocks SET deadline_at = now() - interval '1 second'"


async def authorized(desk: Desk, amount: int = 800, **fields: Any) -> tuple[str, str, str]:
    """Authorize a payment; return payer, payee and payment."""
    payer, payee = await desk.wallet(1_000), await desk.wallet()
    payment = await desk.pay(payer, payee, amount, capture="manual", **fields)
    assert payment["status"] == "authorized", payment
    return payer, payee, payment["id"]


async def test_a_manual_payment_holds_until_it_is_captured_in_part(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await authorized(desk, fee=80)
        held = await desk.account(payer)
        assert (held.posted, held.held, held.available) == (1_000, 800, 200)

        answer = await desk.act(payment, "capture", {"amount": 333})

        assert answer.status == 200
        assert (answer.document()["status"], answer.document()["amount_captured"]) == ("captured", 333)
        after = await desk.account(payer)
        assert (after.posted, after.held) == (667, 0)
        assert await desk.balances(payee) == (333 - 80 * 333 // 800,)
        assert await desk.fees() == 80 * 333 // 800
        assert (await desk.act(payment, "capture")).status == 409
        assert await desk.transitions(payment) == ["created", "authorized", "captured"]
        assert await desk.count("clocks") == 0


async def test_a_voided_payment_gives_the_hold_back(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await authorized(desk)
        key = uuid4().hex

        answer = await desk.act(payment, "void", Idempotency_Key=key)
        again = await desk.act(payment, "void", Idempotency_Key=key)

        assert (answer.status, answer.document()["status"]) == (200, "canceled")
        assert (again.status, again.body) == (200, answer.body)
        assert again.headers["idempotent-replayed"] == "true"
        assert await desk.balances(payer, payee) == (1_000, 0)
        assert (await desk.act(payment, "capture")).status == 409
        assert (await desk.act(payment, "void")).status == 409
        assert (await desk.act(payment, "refunds")).status == 409


async def test_more_than_was_authorized_cannot_be_captured(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, _, payment = await authorized(desk, 400)

        refused = await desk.act(payment, "capture", {"amount": 401})

        assert (refused.status, refused.problem()["code"]) == (409, "conflict")
        assert (await desk.payment(payment))["status"] == "authorized"
        assert (await desk.account(payer)).held == 400
        assert (await desk.act(payment, "capture", {"amount": 0})).status == 422
        assert (await desk.act(payment, "void", {"amount": 1})).status == 422


async def test_of_captures_and_voids_at_once_exactly_one_happens(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await authorized(desk, 800)

        answers = await asyncio.gather(
            *(desk.act(payment, what) for what in ("capture", "void", "capture", "void", "capture"))
        )

        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
        status = (await desk.payment(payment))["status"]
        assert await desk.balances(payer, payee) == ((200, 800) if status == "captured" else (1_000, 0))
        assert (await desk.account(payer)).held == 0


async def test_a_capture_out_of_a_frozen_wallet_is_refused_and_a_void_works(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await authorized(desk)
        await desk.set_flags(payer, "freeze")

        refused = await desk.act(payment, "capture")

        assert (refused.status, refused.problem()["code"]) == (409, "conflict")
        assert "wallet_frozen" in refused.problem()["detail"]
        assert (await desk.payment(payment))["status"] == "authorized"
        await desk.set_flags(payer, "unfreeze")
        assert (await desk.act(payment, "capture", {"amount": 1})).status == 200
        assert await desk.balances(payer, payee) == (999, 1)


async def test_an_authorization_expires_and_gives_the_money_back(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, _, payment = await authorized(desk)
        await desk.sql(LONG_AGO)

        late = await desk.act(payment, "capture")
        ended = await desk.becomes(payment, "expired")

        assert late.status == 409
        assert ended["failure"] is None
        assert await desk.balances(payer) == (1_000,)
        assert await desk.transitions(payment) == ["created", "authorized", "expired"]


async def test_a_review_that_nobody_decides_is_declined(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = scored("review", 0.75, "odd_hour")
    async with open_payments(WAQITI_REVIEW_SECONDS="0.5") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        payment = await desk.pay(payer, payee, 600)
        held = (await desk.account(payer)).held
        ended = await desk.becomes(payment["id"], "declined")

        assert (payment["status"], held) == ("in_review", 600)
        assert ended["failure"]["code"] == "review_expired"
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_payment_in_review_can_be_voided_but_not_captured(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = scored("review", 0.75, "odd_hour")
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 600)

        assert (await desk.act(payment["id"], "capture")).status == 409
        assert (await desk.act(payment["id"], "void")).document()["status"] == "canceled"
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_review_without_funds_fails_at_once(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = scored("review", 0.75, "odd_hour")
    async with open_payments() as desk:
        payer, payee = await desk.wallet(10), await desk.wallet()
        payment = await desk.pay(payer, payee, 600)
        assert (payment["status"], payment["failure"]["code"]) == ("failed", "insufficient_funds")
