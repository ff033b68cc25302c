"""A new list: known customers are screened again, before they pay or in the background."""

from collections.abc import Callable

import msgspec

from tests.support.compliance_desk import SHIPPED, open_desk
from tests.support.databases import FreshDatabase
from tests.support.scoring import screened
from waqiti.services.compliance.domain.lists import read_list, together
from waqiti.services.compliance.usecases.names import screen_everybody

MakeDatabase = Callable[[str], FreshDatabase]
STATUS = "SELECT status, screening_version FROM customers WHERE id = $1"
NEWER = together([read_list("newer", "reference,name,aliases\nX-1,Ann Example,\n")])


async def test_a_stored_screening_is_used_while_the_list_stays_the_same(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer, payee = await desk.customer(), await desk.customer()
        assert (await desk.screen(screened(payer, payee, 100)))[0].outcome == "clear"
        assert await desk.rows("SELECT count(*) FROM screenings") == [(0,)]


async def test_a_payer_whom_a_newer_list_names_is_blocked_before_the_payment(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        payer = await desk.customer(version=SHIPPED.version)
        payee = await desk.customer(name="Bob Example", version=SHIPPED.version)
        decisions = await desk.screen(screened(payer, payee, 100), screened(payee, payee, 100))

        assert [(decision.outcome, decision.refusals) for decision in decisions] == [
            ("confirmed", ["customer_blocked"]),
            ("clear", []),
        ]
        assert await desk.rows(STATUS, payer) == [("blocked", NEWER.version)]
        assert await desk.rows(STATUS, payee) == [("active", NEWER.version)]
        assert await desk.rows("SELECT outcome, found FROM screenings WHERE customer_id = $1", payer) == [
            ("confirmed", ["X-1"])
        ]


async def test_whoever_becomes_blocked_is_to_be_frozen_and_only_once(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        payer = await desk.customer(version=SHIPPED.version)
        payee = await desk.customer(name="Bob Example", version=SHIPPED.version)
        await desk.screen(screened(payer, payee, 100))
        asked = "SELECT customer_id, frozen_at IS NULL FROM freezes"
        assert await desk.rows(asked) == [(payer, True)]

        await desk.rows("UPDATE freezes SET frozen_at = now()")
        await desk.rows("UPDATE customers SET screening_version = 'even newer'")
        await screen_everybody(desk.first.database, desk.first.screening)
        assert await desk.rows(asked) == [(payer, False)]

        await desk.rows("UPDATE customers SET status = 'active', screening_version = 'even newer'")
        await screen_everybody(desk.first.database, desk.first.screening)
        assert await desk.rows(asked) == [(payer, True)]


async def test_what_is_screened_again_is_judged_by_the_list_in_use_and_reserves_nothing_more(
    fresh_database: MakeDatabase,
) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        payer, payee = await desk.customer(name="Bob Example", version=NEWER.version), await desk.customer("enhanced")
        await desk.rows("UPDATE customers SET screening_version = $1", NEWER.version)
        items = [screened(payer, payee, 500_000), screened(payer, payee, 500_000)]
        assert [decision.refusals for decision in await desk.screen(*items)] == [[], []]
        again = [*items, msgspec.structs.replace(items[0], text="for Ann Example")]

        assert [decision.refusals for decision in await desk.first.screener.screen_again(again)] == [
            [],
            [],
            ["sanctions_hit"],
        ]
        await desk.rows("UPDATE customers SET screening_version = 'older'")
        later = await desk.first.screener.screen_again(items)
        assert [decision.refusals for decision in later] == [["customer_blocked"], ["customer_blocked"]]
        assert [decision.refusals for decision in await desk.screen(*items)] == [[], []]
        assert await desk.used(payer) == 1_000_000


async def test_everybody_is_screened_once_by_a_newer_list(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        found = await desk.customer(version="older")
        await desk.rows(
            "INSERT INTO customers (id, name, country, status, screening_version) "
            "SELECT gen_random_uuid(), 'Somebody', 'DE', 'active', 'older' FROM generate_series(1, 450)"
        )
        assert await screen_everybody(desk.first.database, desk.first.screening) == 451
        assert await screen_everybody(desk.first.database, desk.first.screening) == 0
        assert await desk.rows(STATUS, found) == [("blocked", NEWER.version)]
        assert await desk.rows("SELECT count(*) FROM customers WHERE status = 'blocked'") == [(1,)]


async def test_who_is_no_longer_on_a_list_stays_blocked_until_somebody_decides(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await desk.customer(version="older")
        await desk.rows("UPDATE customers SET status = 'blocked' WHERE id = $1", customer)
        await screen_everybody(desk.first.database, desk.first.screening)
        assert await desk.rows(STATUS, customer) == [("blocked", SHIPPED.version)]


async def test_who_may_be_meant_by_a_newer_list_is_looked_at_and_who_is_blocked_stays_so(
    fresh_database: MakeDatabase,
) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        perhaps = await desk.customer(name="Ann Exampel", version="older")
        blocked = await desk.customer(name="Ann Exampel", version="older")
        await desk.rows("UPDATE customers SET status = 'blocked' WHERE id = $1", blocked)
        decision = (await desk.screen(screened(perhaps, blocked, 100)))[0]

        assert decision.refusals == ["customer_not_active", "customer_blocked"]
        assert await desk.rows(STATUS, perhaps) == [("in_review", NEWER.version)]
        assert await desk.rows(STATUS, blocked) == [("blocked", NEWER.version)]
        assert await desk.rows("SELECT DISTINCT outcome, found FROM screenings") == [("possible", ["X-1"])]
        assert await desk.rows("SELECT count(*) FROM freezes") == [(0,)]


async def test_a_text_that_may_name_somebody_is_passed_on_for_review_and_reserves(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, names=NEWER) as desk:
        payer, payee = await desk.customer(name="Bob Sample"), await desk.customer(name="Bob Sample")
        texts = ("lunch", "for Anna Example", "for Ann Example")
        items = [msgspec.structs.replace(screened(payer, payee, 100), text=text) for text in texts]
        decisions = await desk.screen(*items)
        assert [(decision.outcome, decision.refusals) for decision in decisions] == [
            ("clear", []),
            ("possible", []),
            ("confirmed", ["sanctions_hit"]),
        ]
        assert await desk.used(payer) == 200
