"""Linked transfers stand or fall together; others fail alone."""

import asyncio

import msgspec
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import FEES, capture, hold, outcomes, refund, void
from waqiti.contracts.ledger import Transfer


def linked(*items: Transfer) -> list[Transfer]:
    """Return the items as one chain."""
    return [*(msgspec.structs.replace(item, linked=True) for item in items[:-1]), items[-1]]


async def test_a_payment_and_its_fee_post_together(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()

        results = await ledger.post(*linked(transfer(payer, payee, 100), transfer(payee, FEES, 3, purpose="fee")))

        assert outcomes(results) == ["posted", "posted"]
        assert results[0].recorded_at == results[1].recorded_at
        assert await ledger.money(payer, payee, FEES) == [(0, 0), (97, 0), (3, 0)]


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
async def test_one_refused_link_refuses_its_chain_and_nothing_beside_it(open_ledger: OpenLedger, bad: int) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = hold(payer, payee, 50)
        await ledger.one(held)
        chain = [transfer(payer, payee, 10), capture(held, 20), hold(payer, payee, 10), transfer(payee, FEES, 5)]
        chain[bad] = msgspec.structs.replace(chain[bad], refusals=("fraud_declined",))
        before, after = transfer(payer, payee, 1), transfer(payer, payee, 2)

        results = await ledger.post(before, *linked(*chain), after)

        expected = ["fraud_declined" if number == bad else "linked_refused" for number in range(4)]
        assert outcomes(results) == ["posted", *expected, "posted"]
        assert await ledger.money(payer, payee, FEES) == [(97, 50), (3, 0), (0, 0)]
        assert outcomes(await ledger.post(before, *linked(*chain), after)) == outcomes(results)
        assert outcomes([await ledger.one(capture(held))]) == ["captured"]
        assert await ledger.money(payer, payee, FEES) == [(47, 0), (53, 0), (0, 0)]


async def test_what_a_refused_chain_took_back_is_there_for_the_next_item(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        paid = transfer(payer, payee, 100)
        await ledger.one(paid)
        chain = linked(refund(paid, 60), hold(payer, payee, 60), transfer(payer, payee, 1))
        assert outcomes(await ledger.post(*chain)) == [
            "linked_refused", "linked_refused", "insufficient_funds",
        ]  # fmt: skip

        assert outcomes(await ledger.post(refund(paid, 100), transfer(payer, payee, 100))) == ["posted", "posted"]

        assert await ledger.money(payer, payee) == [(0, 0), (100, 0)]


async def test_a_chain_with_a_member_that_was_refused_before_cannot_stand(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(), await ledger.wallet(100)
        main, fee = transfer(payer, payee, 10), transfer(payee, FEES, 1)
        await ledger.one(main)
        await ledger.fund(payer, 100)

        assert outcomes(await ledger.post(*linked(main, fee))) == ["insufficient_funds", "linked_refused"]

        assert await ledger.money(payer, payee, FEES) == [(100, 0), (100, 0), (0, 0)]


async def test_a_chain_with_a_member_that_was_posted_before_goes_on_from_it(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        main, fee = transfer(payer, payee, 10), transfer(payee, FEES, 1)
        await ledger.one(main)

        results = await ledger.post(*linked(main, fee))

        assert outcomes(results) == ["posted", "posted"]
        assert [result.existed for result in results] == [True, False]
        assert await ledger.money(payer, payee, FEES) == [(90, 0), (9, 0), (1, 0)]


async def test_a_chain_with_a_member_that_was_something_else_cannot_stand(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet(100)
        main = transfer(payer, payee, 10)
        await ledger.one(main)
        other = msgspec.structs.replace(main, amount=11)

        results = await ledger.post(*linked(other, transfer(payee, FEES, 1)))

        assert outcomes(results) == ["posted", "linked_refused"]
        assert (results[0].amount, results[0].differs) == (10, "amount")
        assert await ledger.money(payer, payee, FEES) == [(90, 0), (110, 0), (0, 0)]


async def test_a_bad_item_fails_alone_among_those_of_many_callers(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        asks = [transfer(payer, payee, 5_000 if number % 5 == 0 else 1) for number in range(60)]

        alone = await ledger.each_alone(asks)
        together = await ledger.post(*(transfer(ask.debit, ask.credit, ask.amount) for ask in asks))

        wanted = ["insufficient_funds" if number % 5 == 0 else "posted" for number in range(60)]
        assert outcomes(alone) == outcomes(together) == wanted
        assert await ledger.money(payer, payee) == [(1_000 - 96, 0), (96, 0)]


@pytest.mark.parametrize("refused", [False, True])
async def test_a_chain_is_not_cut_where_a_long_batch_is(open_ledger: OpenLedger, refused: bool) -> None:
    """A batch is posted in pieces of some 2,000; chains of three lie across every such place."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(10_000), await ledger.wallet()
        last = ("fraud_declined",) if refused else ()
        chains = [
            linked(*(transfer(payer, payee, 1) for _ in range(2)), transfer(payer, payee, 1, refusals=last))
            for _ in range(1_500)
        ]

        results = await ledger.post(*(item for chain in chains for item in chain))

        whole = ["linked_refused", "linked_refused", "fraud_declined"] if refused else ["posted"] * 3
        assert outcomes(results) == whole * 1_500
        moved = 0 if refused else 4_500
        assert await ledger.money(payer, payee) == [(10_000 - moved, 0), (moved, 0)]


async def test_chains_that_race_from_both_ends_each_stand_or_fall_whole(open_ledger: OpenLedger) -> None:
    """Money for 10 of 40 chains of three; every chain goes through the same three accounts in another order."""
    async with open_ledger(replicas=2) as ledger:
        payer, middle, payee = await ledger.wallet(100), await ledger.wallet(), await ledger.wallet()
        chains = [
            linked(transfer(payer, middle, 10), transfer(middle, payee, 10), transfer(payee, FEES, 1, purpose="fee"))
            for _ in range(40)
        ]

        answers = await asyncio.gather(
            *(ledger.replicas[number % 2].post(chain) for number, chain in enumerate(chains))
        )

        whole = [outcomes(answer) for answer in answers]
        assert whole.count(["posted"] * 3) == 10
        assert whole.count(["insufficient_funds", "linked_refused", "linked_refused"]) == 30
        assert await ledger.money(payer, middle, payee, FEES) == [(0, 0), (0, 0), (90, 0), (10, 0)]


async def test_a_hold_made_and_resolved_within_a_refused_chain_never_was(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = hold(payer, payee, 40, expires_at=FAR_AHEAD)
        chain = linked(held, void(held), transfer(payer, payee, 101))

        assert outcomes(await ledger.post(*chain)) == ["linked_refused", "linked_refused", "insufficient_funds"]

        assert outcomes([await ledger.one(capture(held))]) == ["hold_unknown"]
        assert await ledger.rows("SELECT count(*) FROM ledger.holds") == [(0,)]
        assert await ledger.money(payer, payee) == [(100, 0), (0, 0)]
