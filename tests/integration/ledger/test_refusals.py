"""Why money does not move: which reason is reported, and that limits hold to the unit, however many ask at once."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import FEES, RAIL, hold, outcomes
from waqiti.contracts.ledger import OpenAccount
from waqiti.contracts.refusals import ORDER
from waqiti.foundation.ids import new_id


async def test_of_all_reasons_that_others_found_the_first_in_the_order_is_reported(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        pairs = list(pairwise(ORDER))

        for kind in ("post", "hold", "refuse"):
            asks = [transfer(payer, payee, 1, kind=kind, refusals=(later, first)) for first, later in pairs]
            assert outcomes(await ledger.post(*asks)) == [first for first, _ in pairs]
        assert await ledger.money(payer, payee) == [(100, 0), (0, 0)]


async def test_what_others_refused_is_tried_for_funds_limits_and_freezes_too(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee, frozen = await ledger.wallet(10), await ledger.wallet(), await ledger.wallet(10)
        await ledger.freeze(frozen)

        for kind in ("post", "hold"):
            asks = [
                transfer(payer, payee, 11, kind=kind, refusals=("fraud_declined",)),
                transfer(payer, payee, 11, kind=kind, refusals=("limit_exceeded", "fraud_declined")),
                transfer(payer, payee, 11, kind=kind, refusals=("fraud_declined", "sanctions_hit")),
                transfer(payer, payee, 5, kind=kind, refusals=("fraud_declined",), max_credit_balance=4),
                transfer(frozen, payee, 5, kind=kind, refusals=("sanctions_hit",)),
                transfer(frozen, payee, 5, kind=kind, refusals=("customer_not_active",)),
                transfer(payer, payee, 5, kind=kind, refusals=("fraud_declined",)),
            ]
            assert outcomes(await ledger.post(*asks)) == [
                "insufficient_funds", "insufficient_funds", "sanctions_hit", "limit_exceeded", "wallet_frozen",
                "customer_not_active", "fraud_declined",
            ]  # fmt: skip
        assert await ledger.money(payer, payee, frozen) == [(10, 0), (0, 0), (10, 0)]


async def test_a_refusal_to_give_up_asks_nothing_of_the_accounts(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer = await ledger.wallet()
        given_up = transfer(payer, new_id(), 5, kind="refuse", refusals=("given_up",))
        nowhere = transfer(new_id(), new_id(), 5, kind="refuse", refusals=("given_up",))
        assert outcomes(await ledger.post(given_up, nowhere)) == ["given_up", "given_up"]
        assert outcomes(await ledger.post(nowhere, given_up)) == ["given_up", "given_up"]


async def test_an_account_that_is_not_there_or_counts_in_another_currency_refuses(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee, dollars = (
            await ledger.wallet(100),
            await ledger.wallet(),
            await ledger.wallet(100, currency="USD"),
        )
        asks = {
            transfer(payer, new_id(), 1): "account_unknown",
            transfer(new_id(), payee, 1): "account_unknown",
            transfer(new_id(), new_id(), 1): "account_unknown",
            transfer(payer, dollars, 1): "currency_mismatch",
            transfer(dollars, payee, 1): "currency_mismatch",
            transfer(payer, payee, 1, currency="USD"): "currency_mismatch",
        }
        for ask, code in asks.items():
            assert outcomes([await ledger.one(ask)]) == [code]
        assert outcomes(await ledger.post(*asks)) == list(asks.values())
        assert await ledger.money(payer, payee, dollars) == [(100, 0), (0, 0), (100, 0)]


@pytest.mark.parametrize(("minimum", "spendable"), [(0, 100), (-50, 150), (None, 10**15)])
async def test_an_account_is_spent_down_to_its_minimum_and_no_further(
    open_ledger: OpenLedger, minimum: int | None, spendable: int
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100, minimum=minimum), await ledger.wallet()

        if minimum is not None:
            for kind in ("post", "hold"):
                too_much = await ledger.one(transfer(payer, payee, spendable + 1, kind=kind))
                assert (too_much.code, too_much.amount) == ("insufficient_funds", 0)
        assert outcomes([await ledger.one(transfer(payer, payee, spendable))]) == ["posted"]

        assert await ledger.money(payer, payee) == [(100 - spendable, 0), (spendable, 0)]
        if minimum is not None:
            assert outcomes([await ledger.one(transfer(payer, payee, 1))]) == ["insufficient_funds"]


async def test_within_a_batch_money_is_spent_only_after_it_has_come(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        first, second, third = await ledger.wallet(100), await ledger.wallet(), await ledger.wallet()
        there, onward = transfer(first, second, 100), transfer(second, third, 100)
        backward = [transfer(third, first, 101), transfer(third, first, 100)]

        assert outcomes(await ledger.post(there, onward)) == ["posted", "posted"]
        assert outcomes(await ledger.post(transfer(first, second, 1), *backward)) == [
            "insufficient_funds", "insufficient_funds", "posted",
        ]  # fmt: skip
        assert await ledger.money(first, second, third) == [(100, 0), (0, 0), (0, 0)]


@pytest.mark.parametrize("hot", ["post", "hold"])
async def test_of_sixty_at_once_a_hot_account_pays_exactly_the_ten_it_has_funds_for(
    open_ledger: OpenLedger, hot: str
) -> None:
    async with open_ledger(replicas=2) as ledger:
        payer = await ledger.wallet(109)
        payees = [await ledger.wallet() for _ in range(3)]

        results = await ledger.each_alone([transfer(payer, payees[n % 3], 10, kind=hot) for n in range(60)])

        done = "posted" if hot == "post" else "held"
        assert Counter(outcomes(results)) == {done: 10, "insufficient_funds": 50}
        account = await ledger.account(payer)
        assert account.available == 9
        assert (account.posted, account.held) == ((9, 0) if hot == "post" else (109, 100))
        received = await ledger.ledger.accounts(payees)
        assert sum(account.posted + account.pending_credits for account in received) == 100


async def test_ten_at_once_into_a_hot_account_with_room_for_all_are_all_posted(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        results = await ledger.each_alone([transfer(payer, payee, 10, max_credit_balance=100) for _ in range(10)])
        assert outcomes(results) == ["posted"] * 10
        assert await ledger.money(payer, payee) == [(0, 0), (100, 0)]


async def test_a_balance_limit_is_reached_and_never_passed(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet(30)

        alone = [await ledger.one(transfer(payer, payee, 70, max_credit_balance=limit)) for limit in (99, 100)]
        assert outcomes(alone) == ["limit_exceeded", "posted"]
        in_a_batch = await ledger.post(*(transfer(payer, payee, 10, max_credit_balance=125) for _ in range(4)))
        assert outcomes(in_a_batch) == ["posted", "posted", "limit_exceeded", "limit_exceeded"]
        at_once = await ledger.each_alone([transfer(payer, payee, 10, max_credit_balance=155) for _ in range(20)])
        assert Counter(outcomes(at_once)) == {"posted": 3, "limit_exceeded": 17}

        assert await ledger.money(payer, payee) == [(1_000 - 120, 0), (150, 0)]


async def test_a_limit_beyond_all_money_is_no_limit(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(10), await ledger.wallet()
        for limit in (2**63 - 1, 2**63, 2**80):
            assert outcomes([await ledger.one(transfer(payer, payee, 1, max_credit_balance=limit))]) == ["posted"]
        assert outcomes([await ledger.one(transfer(payer, payee, 1, max_credit_balance=-(2**80)))]) == [
            "limit_exceeded"
        ]
        assert await ledger.money(payer, payee) == [(7, 0), (3, 0)]


async def test_sums_of_an_account_stay_countable_whichever_way_they_grow(open_ledger: OpenLedger) -> None:
    """2**62 is where it ends: 4,611 of the largest amounts, and 686,018,427,387,904 minor units."""
    async with open_ledger() as ledger:
        bank = OpenAccount(id=new_id(), kind="liquidity", currency="EUR", minimum=None)
        await ledger.wallet()
        await ledger.ledger.open_accounts([bank])
        largest, rest = 10**15, 2**62 - 4_611 * 10**15

        plain = await ledger.post(*(transfer(RAIL, bank.id, largest) for _ in range(4_612)))
        assert Counter(outcomes(plain)) == {"posted": 4_611, "limit_exceeded": 1}
        assert outcomes([await ledger.one(transfer(RAIL, FEES, rest + 1))]) == ["limit_exceeded"]
        assert outcomes([await ledger.one(hold(FEES, bank.id, rest + 1))]) == ["limit_exceeded"]
        assert outcomes([await ledger.one(transfer(RAIL, bank.id, rest))]) == ["posted"]
        assert outcomes([await ledger.one(transfer(bank.id, FEES, 1))]) == ["limit_exceeded"]

        assert await ledger.money(RAIL, bank.id, FEES) == [(2**62, 0), (2**62, 0), (0, 0)]
