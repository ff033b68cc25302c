"""What is given back never exceeds what was moved."""

from collections import Counter

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import LedgerDesk, capture, hold, outcomes, refund
from waqiti.contracts.ledger import Transfer


async def paid(ledger: LedgerDesk, amount: int = 100) -> Transfer:
    """Post a payment; the payee has as much again from elsewhere."""
    post = transfer(await ledger.wallet(amount), await ledger.wallet(amount), amount)
    assert (await ledger.one(post)).outcome == "posted"
    return post


async def test_refunds_are_given_until_all_was_given_back(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        post = await paid(ledger)

        results = [await ledger.one(refund(post, amount)) for amount in (60, 41, 40, 1)]

        assert outcomes(results) == ["posted", "exceeds_original", "posted", "exceeds_original"]
        assert await ledger.money(post.debit, post.credit) == [(100, 0), (100, 0)]
        assert await ledger.rows("SELECT target, moved, refunded FROM ledger.refund_totals") == [(post.id, 100, 100)]


async def test_concurrent_refunds_of_one_payment_never_exceed_it(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        post = await paid(ledger)

        results = await ledger.each_alone([refund(post, 15) for _ in range(32)])

        assert Counter(outcomes(results)) == {"posted": 6, "exceeds_original": 26}
        assert await ledger.money(post.debit, post.credit) == [(90, 0), (110, 0)]


async def test_refunds_within_one_batch_never_exceed_the_payment(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        post = await paid(ledger)

        results = await ledger.post(*(refund(post, amount) for amount in (50, 51, 30, 21, 20, 1)))

        assert outcomes(results) == [
            "posted", "exceeds_original", "posted", "exceeds_original", "posted", "exceeds_original",
        ]  # fmt: skip
        assert await ledger.money(post.debit, post.credit) == [(100, 0), (100, 0)]


async def test_of_a_partial_capture_only_what_was_captured_is_given_back(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet(1_000)
        held = hold(payer, payee, 100)
        captured = capture(held, 40)
        await ledger.post(held, captured)

        results = await ledger.post(refund(held, 1), refund(captured, 41), refund(captured, 40), refund(captured, 1))

        assert outcomes(results) == ["exceeds_original", "exceeds_original", "posted", "exceeds_original"]
        assert await ledger.money(payer, payee) == [(100, 0), (1_000, 0)]


async def test_a_refund_goes_only_back_to_where_the_money_came_from(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        post, stranger = await paid(ledger), await ledger.wallet(500)
        asks = [
            transfer(post.debit, post.credit, 1, purpose="refund", target=post.id),
            transfer(stranger, post.debit, 1, purpose="refund", target=post.id),
            transfer(post.credit, stranger, 1, purpose="refund", target=post.id),
            refund(hold(post.debit, post.credit, 1), 1),
        ]
        await ledger.fund(post.debit, 10)

        assert outcomes(await ledger.post(*asks)) == ["exceeds_original"] * 4

        assert await ledger.money(post.debit, post.credit, stranger) == [(10, 0), (200, 0), (500, 0)]


async def test_a_refund_that_the_payee_cannot_pay_uses_nothing_up(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        post = transfer(payer, payee, 100)
        await ledger.post(post, transfer(payee, payer, 50))

        assert outcomes([await ledger.one(refund(post, 100))]) == ["insufficient_funds"]
        await ledger.fund(payee, 50)
        assert outcomes([await ledger.one(refund(post, 100))]) == ["posted"]

        assert await ledger.money(payer, payee) == [(150, 0), (0, 0)]


async def test_the_same_refund_at_once_is_given_once(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        post = await paid(ledger)

        results = await ledger.each_alone([refund(post, 30)] * 16)

        assert outcomes(results) == ["posted"] * 16
        assert await ledger.money(post.debit, post.credit) == [(30, 0), (170, 0)]
