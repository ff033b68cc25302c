"""The sandbox rail as a bank: one booking per id, whatever is lost, doubled or sent again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.databases import FreshDatabase
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.services.wallet.domain.movements import Kind
from waqiti.services.wallet.domain.rails import RailNotice, RailOrder, RailSilenceError
from waqiti.services.wallet.usecases.sandbox_rail import SandboxRail

MakeDatabase = Callable[[str], FreshDatabase]


@asynccontextmanager
async def bank(fresh_database: MakeDatabase) -> AsyncIterator[SandboxRail]:
    database = await Database.open(fresh_database("wallet-service").url, name="wallets")
    yield SandboxRail(database)
    await database.close()


def order(reference: str | None = None, kind: Kind = "withdrawal") -> RailOrder:
    return RailOrder(id=new_id(), kind=kind, amount=700, currency="EUR", reference=reference)


async def news(rail: SandboxRail, count: int) -> list[RailNotice]:
    """Wait until there are ``count`` notices."""
    for _ in range(500):
        notices = list(await rail.notices(10))
        if len(notices) >= count:
            return notices
        await asyncio.sleep(0.01)
    raise AssertionError(f"there were never {count} notices")


async def test_an_order_settles_at_once_and_its_id_is_taken_once(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order()

        first, again = await rail.submit(given), await rail.submit(given)

        assert first.state == "settled"
        assert again == first == await rail.query(given.id)
        assert await rail.notices(10) == []


async def test_an_unknown_order_is_unknown(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        assert await rail.query(new_id()) is None


async def test_a_lost_answer_was_an_order_all_the_same(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order("sandbox:lose-answer")

        with pytest.raises(RailSilenceError):
            await rail.submit(given)

        known = await rail.query(given.id)
        assert known is not None
        assert known.state == "settled"
        assert await rail.submit(given) == known


async def test_a_delayed_order_is_accepted_first_and_gives_news_when_it_settles(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order("sandbox:delay=1")

        assert (await rail.submit(given)).state == "accepted"
        (notice,) = await news(rail, 1)

        assert notice.order_id == given.id
        settled = await rail.query(given.id)
        assert settled is not None
        assert settled.state == "settled"
        await rail.acknowledge([notice.id])
        assert await rail.notices(10) == []


async def test_duplicated_news_is_of_one_booking(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order("sandbox:delay=1,duplicate")
        await rail.submit(given)

        notices = await news(rail, 3)

        assert {notice.order_id for notice in notices} == {given.id}


async def test_an_order_that_fails_stays_failed(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order("sandbox:fail")

        assert (await rail.submit(given)).state == "failed"
        assert (await rail.submit(given)).state == "failed"


async def test_a_deposit_is_not_returned(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        rail.check("withdrawal", "sandbox:return")
        with pytest.raises(Problem):
            rail.check("deposit", "sandbox:return")


async def test_sixteen_equal_orders_at_once_are_one_booking(fresh_database: MakeDatabase) -> None:
    async with bank(fresh_database) as rail:
        given = order()

        reports = await asyncio.gather(*(rail.submit(given) for _ in range(16)))

        assert set(reports) == {reports[0]}
