"""Limits are reserved once, exactly, and in order, whoever asks at the same time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from tests.support.compliance_desk import open_desk, refused
from tests.support.databases import FreshDatabase
from tests.support.scoring import NOON, screened
from waqiti.contracts.compliance import Resolution
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id

MakeDatabase = Callable[[str], FreshDatabase]


async def test_the_day_and_the_month_of_a_basic_customer_are_full_at_their_limits(
    fresh_database: MakeDatabase,
) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer("enhanced")
        first = await desk.screen(*(screened(payer, payee, 500_000) for _ in range(3)))
        tomorrow = NOON + timedelta(days=1)
        second = await desk.screen(*(screened(payer, payee, 500_000, at=tomorrow) for _ in range(2)))
        third = await desk.screen(*(screened(payer, payee, 400_000, at=NOON + timedelta(days=2)) for _ in range(2)))
        one_more = await desk.screen(screened(payer, payee, 100_001, at=NOON + timedelta(days=3)))
        rest = await desk.screen(screened(payer, payee, 100_000, at=NOON + timedelta(days=3)))

        assert (refused(first), refused(second), refused(third)) == ([False, False, True], [False] * 2, [False, True])
        assert (refused(one_more), refused(rest)) == ([True], [False])
        assert "month" in one_more[0].reasons[0].detail
        assert await desk.used(payer, "month") == 2_500_000
        assert refused(await desk.screen(screened(payer, payee, 500_000, at=NOON + timedelta(days=30)))) == [False]


async def test_each_currency_and_each_payer_has_windows_of_their_own(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer()
        items = [screened(payer, payee, 500_000, currency=code) for code in ("EUR", "EUR", "USD", "USD")]
        items += [screened(payee, payer, 500_000) for _ in range(2)]
        assert refused(await desk.screen(*items)) == [False] * 6


async def test_a_payment_that_is_asked_about_again_reserves_nothing_more(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer("standard")
        items = [screened(payer, payee, 400_000) for _ in range(3)]
        first = await desk.screen(*items)
        again = await desk.screen(items[2], items[2], items[0], screened(payer, payee, 200_000), items[1])

        assert refused(first) == [False, False, True]
        assert again[:3] + again[4:] == [first[2], first[2], first[0], first[1]]
        assert refused(again)[3] is False
        assert first[0].max_credit_balance == again[2].max_credit_balance == 10_000_000
        assert await desk.used(payer) == 1_000_000


async def test_sixty_askers_on_three_replicas_get_exactly_what_there_is_room_for(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, replicas=3) as desk:
        payer, payee = await desk.customer(), await desk.customer("enhanced")
        items = [screened(payer, payee, 100_000) for _ in range(60)]
        asked = [desk.replicas[n % 3].screener.screen([item]) for n, item in enumerate(items)]
        decisions = [decision for answer in await asyncio.gather(*asked) for decision in answer]

        assert refused(decisions).count(False) == 10
        assert await desk.used(payer) == await desk.used(payer, "month") == 1_000_000


@pytest.mark.parametrize("seed", range(4))
async def test_overlapping_batches_and_endings_at_once_leave_exact_counters(
    fresh_database: MakeDatabase, seed: int
) -> None:
    random = Random(seed)
    async with open_desk(fresh_database, replicas=3) as desk:
        people = [await desk.customer() for _ in range(5)]
        items = []
        for _ in range(150):
            payer, payee = random.sample(people, 2)
            at = NOON + timedelta(days=random.randint(0, 3))
            items.append(screened(payer, payee, random.randint(1, 300_000), at=at))

        async def ask(replica: int) -> None:
            batch = random.sample(items, 30)
            decisions = await desk.replicas[replica].screener.screen(batch)
            await desk.replicas[replica].resolver.resolve(
                [
                    Resolution(item.id, random.choice(["confirm", "release"]), item.amount // random.randint(1, 3))
                    for item, decision in zip(batch, decisions, strict=True)
                    if not decision.refusals and random.random() < 0.6
                ]
            )

        await asyncio.gather(*(ask(n % 3) for n in range(24)))
        over = "SELECT count(*) FROM usage WHERE used > CASE period WHEN 'day' THEN 1000000 ELSE 2500000 END"
        assert await desk.rows(over) == [(0,)]


async def test_a_deposit_is_decided_once_and_uses_nothing(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payee = await desk.customer()
        deposit = screened(None, payee, 10**12, kind="deposit")
        decisions = await desk.screen(deposit, deposit)
        assert decisions == [decisions[0]] * 2
        assert (decisions[0].refusals, decisions[0].max_credit_balance) == ([], 2_000_000)
        assert await desk.rows("SELECT state, counted FROM reservations") == [("unlimited", 0)]


async def test_a_customer_nobody_knows_is_not_active(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        known = await desk.customer()
        decisions = await desk.screen(
            screened(new_id(), known, 1), screened(known, new_id(), 1), screened(None, new_id(), 1, kind="deposit")
        )
        assert [decision.refusals for decision in decisions] == [["customer_not_active"]] * 3
        assert await desk.used(known) == 0


async def test_a_new_tier_counts_what_was_used_before(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer("enhanced")
        assert refused(await desk.screen(*(screened(payer, payee, 500_000) for _ in range(2)))) == [False] * 2
        await desk.rows("UPDATE customers SET tier = 'standard' WHERE id = $1", payer)
        items = [screened(payer, payee, 2_000_000) for _ in range(3)]
        assert refused(await desk.screen(*items)) == [False, False, True]


async def test_limits_change_at_the_instant_that_they_say(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        await desk.rows("INSERT INTO limits VALUES ($1, 10, 10, 10, 10, 'basic')", NOON)
        payer, payee = await desk.customer(), await desk.customer()
        before = screened(payer, payee, 2_000, at=NOON - timedelta(seconds=1))
        after = screened(payer, payee, 2_000, at=NOON)
        decisions = await desk.screen(before, after)
        assert refused(decisions) == [False, True]
        assert decisions[0].max_credit_balance == 2_000_000


async def test_an_unknown_currency_is_refused_as_invalid(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        with pytest.raises(Problem) as raised:
            await desk.screen(screened(await desk.customer(), await desk.customer(), 1, currency="XXX"))
        assert raised.value.code == "invalid_request"


async def test_what_is_remembered_of_a_party_decides_nothing_once_it_stands_otherwise(
    fresh_database: MakeDatabase,
) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer()
        assert refused(await desk.screen(screened(payer, payee, 400_000))) == [False]

        await desk.rows("UPDATE customers SET tier = 'enhanced' WHERE id = $1", payer)
        assert refused(await desk.screen(screened(payer, payee, 900_000))) == [False]
        await desk.rows("UPDATE customers SET status = 'blocked' WHERE id = $1", payee)
        [blocked] = await desk.screen(screened(payer, payee, 1))
        await desk.rows("UPDATE customers SET status = 'active' WHERE id = $1", payee)

        assert blocked.refusals == ["customer_blocked"]
        assert refused(await desk.screen(screened(payer, payee, 1))) == [False]
        assert await desk.used(payer) == 1_300_001
