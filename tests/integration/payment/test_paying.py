"""The way of a payment."""

from tests.integration.payment.conftest import OpenDesk
from tests.support.house import OPERATOR_KEY


async def test_a_payment_moves_the_money_and_answers_when_it_is_captured(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(10_000), await desk.wallet()

        payment = await desk.pay(payer, payee, 1_250, description="Two coffees", metadata={"order": "17"})

        assert (payment["status"], payment["amount_captured"], payment["amount_refunded"]) == ("captured", 1_250, 0)
        assert payment["failure"] is None
        assert payment["decision"]["fraud"]["outcome"] == "approve"
        assert payment["decision"]["compliance"]["outcome"] == "clear"
        assert (payment["description"], payment["metadata"]) == ("Two coffees", {"order": "17"})
        assert await desk.payment(payment["id"]) == payment
        assert await desk.balances(payer, payee) == (8_750, 1_250)
        assert await desk.transitions(payment["id"]) == ["created", "captured"]


async def test_wallets_are_asked_for_anew_once_the_caches_were_cleared(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        await desk.pay(payer, payee, 1)
        await desk.pay(payer, payee, 2)
        assert desk.deciders.wallet_calls == 1

        cleared = await desk.send("DELETE", "/cache/clear", key=OPERATOR_KEY)
        await desk.pay(payer, payee, 3)

        assert (cleared.status, cleared.document()) == (200, {"done": ["wallets"]})
        assert desk.deciders.wallet_calls == 2
        assert await desk.balances(payer, payee) == (994, 6)
