"""Money given back."""

import asyncio

from tests.integration.payment.conftest import OpenDesk


async def test_refunds_never_exceed_what_was_captured(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = (await desk.pay(payer, payee, 1_000))["id"]

        first = await desk.act(payment, "refunds", {"amount": 400, "reason": "One of two was broken"})
        assert first.status == 201
        assert (first.document()["status"], first.document()["amount"]) == ("succeeded", 400)
        assert (await desk.payment(payment))["status"] == "partially_refunded"
        assert (await desk.act(payment, "refunds", {"amount": 601})).status == 409
        rest = (await desk.act(payment, "refunds")).document()

        assert (rest["status"], rest["amount"]) == ("succeeded", 600)
        assert (await desk.send("GET", f"/v1/refunds/{rest['id']}")).document() == rest
        final = await desk.payment(payment)
        assert (final["status"], final["amount_refunded"]) == ("refunded", 1_000)
        assert await desk.balances(payer, payee) == (1_000, 0)
        assert (await desk.act(payment, "refunds", {"amount": 1})).status == 409
        assert await desk.transitions(payment) == ["created", "captured", "partially_refunded", "refunded"]


async def test_refunds_at_once_give_back_no_more_than_there_is(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet(5_000)
        payment = (await desk.pay(payer, payee, 1_000))["id"]

        answers = await asyncio.gather(*(desk.act(payment, "refunds", {"amount": 150}) for _ in range(12)))

        assert sorted(answer.status for answer in answers) == [201] * 6 + [409] * 6
        assert (await desk.payment(payment))["amount_refunded"] == 900
        assert await desk.balances(payer, payee) == (900, 5_100)


async def test_a_refund_fails_where_the_payee_has_spent_the_money(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, third = await desk.wallet(500), await desk.wallet(), await desk.wallet()
        payment = (await desk.pay(payer, payee, 500))["id"]
        await desk.pay(payee, third, 500)

        refund = await desk.act(payment, "refunds")

        assert (refund.status, refund.document()["status"]) == (201, "failed")
        assert refund.document()["failure"]["code"] == "insufficient_funds"
        assert (await desk.payment(payment))["status"] == "captured"
        await desk.pay(third, payee, 500)
        assert (await desk.act(payment, "refunds")).document()["status"] == "succeeded", "the reservation was released"


async def test_a_refund_out_of_a_frozen_wallet_fails(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(500), await desk.wallet()
        payment = (await desk.pay(payer, payee, 500, fee=5))["id"]
        await desk.set_flags(payee, "freeze")

        refund = (await desk.act(payment, "refunds", {"amount": 100, "refund_fee": True})).document()

        assert (refund["status"], refund["failure"]["code"]) == ("failed", "wallet_frozen")
        assert await desk.balances(payer, payee) == (0, 495)
        assert await desk.fees() == 5


async def test_a_fee_is_kept_unless_its_return_is_asked_for(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet(100)
        payment = (await desk.pay(payer, payee, 1_000, fee=29))["id"]
        assert (await desk.balances(payee), await desk.fees()) == ((1_071,), 29)

        await desk.act(payment, "refunds")

        assert await desk.balances(payer, payee) == (1_000, 71)
        assert await desk.fees() == 29


async def test_the_fee_returns_in_parts_and_the_remainder_with_the_last_refund(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = (await desk.pay(payer, payee, 1_000, fee=10))["id"]

        await desk.act(payment, "refunds", {"amount": 333, "refund_fee": True})
        assert await desk.fees() == 7
        await desk.act(payment, "refunds", {"refund_fee": True})

        assert await desk.balances(payer, payee) == (1_000, 0)
        assert await desk.fees() == 0


async def test_what_was_captured_of_a_hold_can_be_refunded_with_its_fee(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = (await desk.pay(payer, payee, 900, capture="manual", fee=90))["id"]
        await desk.act(payment, "capture", {"amount": 500})
        assert (await desk.balances(payer, payee), await desk.fees()) == ((500, 450), 50)

        assert (await desk.act(payment, "refunds", {"amount": 501})).status == 409
        refund = (await desk.act(payment, "refunds", {"refund_fee": True})).document()

        assert (refund["status"], refund["amount"]) == ("succeeded", 500)
        assert (await desk.balances(payer, payee), await desk.fees()) == ((1_000, 0), 0)
