"""What open holds may still pay in counts towards the limit of a balance."""

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import capture, hold, outcomes


async def test_holds_reach_the_limit_of_the_payee_and_never_pass_it(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet(30)

        holds = [hold(payer, payee, 25, max_credit_balance=100) for _ in range(3)]
        assert outcomes(await ledger.post(*holds)) == ["held", "held", "limit_exceeded"]
        assert outcomes([await ledger.one(transfer(payer, payee, 21, max_credit_balance=100))]) == ["limit_exceeded"]
        assert outcomes([await ledger.one(transfer(payer, payee, 20, max_credit_balance=100))]) == ["posted"]

        captured = await ledger.post(*(capture(one) for one in holds[:2]))
        assert outcomes(captured) == ["captured", "captured"]
        assert await ledger.money(payer, payee) == [(1_000 - 70, 0), (100, 0)]


async def test_a_capture_with_a_limit_does_not_count_its_own_hold_twice(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet(30)
        first = hold(payer, payee, 40)
        second = hold(payer, payee, 40)
        assert outcomes(await ledger.post(first, second)) == ["held", "held"]

        over = capture(first, max_credit_balance=109)
        within = capture(first, max_credit_balance=110)

        assert outcomes([await ledger.one(over), await ledger.one(within)]) == ["limit_exceeded", "captured"]
        assert await ledger.money(payer, payee) == [(1_000 - 40, 40), (70, 0)]
