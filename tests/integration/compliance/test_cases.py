"""Cases: customers who may be on a list, until an operator says whether they are."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from uuid import UUID

import msgspec
import pytest

from tests.integration.compliance import killed_decider
from tests.support.compliance_desk import SHIPPED, Desk, open_desk
from tests.support.databases import FreshDatabase
from tests.support.killing import kill_at_every_suspension
from tests.support.scoring import screened
from waqiti.contracts.public.cases import Case, NewCaseDecision
from waqiti.foundation.idempotency import Answer, RequestKey
from waqiti.foundation.ids import encode
from waqiti.services.compliance.domain.customers import NewCustomer
from waqiti.services.compliance.domain.lists import SourceList, together
from waqiti.services.compliance.domain.screening import Entry, EntryKey, Match, WatchList
from waqiti.services.compliance.usecases.customers import Customers
from waqiti.services.compliance.usecases.names import Screening, screen_everybody

MakeDatabase = Callable[[str], FreshDatabase]

PERHAPS = "Zoblat Quenvik"
LISTED = "Zorblat Quenvik"
STATUS = "SELECT status FROM customers WHERE id = $1"
ASKED = "SELECT customer_id FROM freezes WHERE frozen_at IS NULL"
NAMED_TWICE = [Entry("N-1", "Zoblatt Quenvik"), Entry("N-2", "Morwenna Star")]


def also(*entries: Entry, source: str = "newer") -> WatchList:
    """Return the shipped names with others."""
    shipped = SourceList.from_entries("invented", SHIPPED.entries)
    return together([shipped, SourceList.from_entries(source, entries)])


def key() -> RequestKey:
    return RequestKey(token_bytes(32), token_hex(8), token_bytes(32))


async def taken_on(desk: Desk, name: str = PERHAPS) -> UUID:
    replica = desk.first
    new = NewCustomer(name=name, country="DE")
    await Customers(replica.database, replica.screening).take_on(key(), new)
    (row,) = await desk.rows("SELECT id FROM customers ORDER BY id DESC LIMIT 1")
    assert isinstance(row[0], UUID)
    return row[0]


async def case_of(desk: Desk, customer: UUID) -> Case:
    """Return the newest case of a customer."""
    listed = await desk.first.cases.newest(None, None, 100)
    case = next(one for one in listed if one.customer_id == customer)
    return await desk.first.cases.read(encode("case", case.id))


async def decide(desk: Desk, case: Case, outcome: str, request: RequestKey | None = None, replica: int = 0) -> Answer:
    decision = msgspec.convert({"outcome": outcome, "reason": "Looked at the passport"}, NewCaseDecision)
    return await desk.replicas[replica].cases.decide(request or key(), "req", case.id, decision, "key_operator")


async def load(desk: Desk, names: WatchList) -> None:
    """Have every replica screen against ``names``, and screen everybody by them."""
    for replica in desk.replicas:
        replica.screening.use(names, ())
    await screen_everybody(desk.first.database, desk.first.screening)


async def test_who_may_be_meant_gets_a_case_and_an_approval_makes_them_active(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer, other = await taken_on(desk), await desk.customer()
        case = await case_of(desk, customer)
        assert (case.outcome, case.status, case.list_version) == ("possible", "open", SHIPPED.version)
        assert [(one.source, one.reference, one.kind, one.name) for one in case.matches] == [
            ("invented", "INV-001", "individual", "Zorblat Quenvik")
        ]
        assert 0.5 < case.matches[0].score < 1
        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == ["customer_not_active"]

        approved = msgspec.json.decode((await decide(desk, case, "approve")).body, type=Case)

        assert (approved.status, approved.decided_by, approved.reason) == (
            "approved",
            "key_operator",
            "Looked at the passport",
        )
        assert approved.decided_at is not None
        assert (datetime.now(UTC) - approved.decided_at).total_seconds() < 60
        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == []
        assert await desk.rows(ASKED) == []


async def test_what_was_cleared_is_not_found_by_later_lists_and_what_is_new_is(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer, other = await taken_on(desk), await desk.customer()
        await decide(desk, await case_of(desk, customer), "approve")

        await load(desk, also(NAMED_TWICE[1]))
        assert await desk.rows(STATUS, customer) == [("active",)]
        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == []

        await load(desk, also(*NAMED_TWICE))
        assert await desk.rows(STATUS, customer) == [("in_review",)]
        again = await case_of(desk, customer)
        assert (again.status, [one.reference for one in again.matches]) == ("open", ["N-1"])
        assert len(await desk.first.cases.newest("approved", None, 9)) == 1

        await decide(desk, again, "approve")
        await load(desk, SHIPPED)
        await load(desk, also(*NAMED_TWICE))
        assert await desk.rows(STATUS, customer) == [("active",)]


async def test_one_customer_who_was_cleared_clears_no_other_of_the_same_name(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        first = await taken_on(desk)
        await decide(desk, await case_of(desk, first), "approve")

        second = await taken_on(desk)

        assert await desk.rows(STATUS, first) == [("active",)]
        assert await desk.rows(STATUS, second) == [("in_review",)]


async def test_an_open_case_grows_and_is_raised_by_later_lists(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await taken_on(desk)
        opened = await case_of(desk, customer)
        newer = also(Entry("N-1", PERHAPS))

        await load(desk, newer)

        case = await case_of(desk, customer)
        assert (case.id, case.outcome, case.status, case.list_version) == (
            opened.id,
            "confirmed",
            "open",
            newer.version,
        )
        assert [one.reference for one in case.matches] == ["N-1", "INV-001"]
        assert await desk.rows(STATUS, customer) == [("blocked",)]
        assert await desk.rows(ASKED) == [(customer,)]
        await load(desk, SHIPPED)
        assert (await case_of(desk, customer)).outcome == "confirmed"
        assert await desk.rows("SELECT count(*) FROM cases") == [(1,)]


async def test_an_approved_case_of_somebody_blocked_makes_them_active(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer, other = await taken_on(desk, LISTED), await desk.customer()
        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == ["customer_blocked"]

        await decide(desk, await case_of(desk, customer), "approve")

        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == []
        await load(desk, also(NAMED_TWICE[1]))
        assert await desk.rows(STATUS, customer) == [("active",)]


async def test_a_declined_case_blocks_for_good_and_freezes(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer, other = await taken_on(desk), await desk.customer()

        await decide(desk, await case_of(desk, customer), "decline")

        assert (await desk.screen(screened(customer, other, 1)))[0].refusals == ["customer_blocked"]
        assert await desk.rows(ASKED) == [(customer,)]
        await desk.rows("UPDATE freezes SET frozen_at = now()")
        await load(desk, also(*NAMED_TWICE))
        assert await desk.rows("SELECT status, count(*) FROM cases GROUP BY 1") == [("declined", 1)]
        assert await desk.rows(STATUS, customer) == [("blocked",)]
        assert await desk.rows(ASKED) == []


async def test_somebody_whose_wallets_were_frozen_before_has_them_frozen_again(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await taken_on(desk, LISTED)
        await desk.rows("UPDATE freezes SET frozen_at = now(), attempts = 3")

        await decide(desk, await case_of(desk, customer), "decline")

        assert await desk.rows("SELECT customer_id, attempts FROM freezes WHERE frozen_at IS NULL") == [(customer, 0)]


async def test_a_case_is_decided_once_and_its_key_gives_the_answer_again(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, replicas=2) as desk:
        customer = await taken_on(desk)
        case, request = await case_of(desk, customer), key()

        both = await asyncio.gather(
            *(decide(desk, case, outcome, replica=number) for number, outcome in enumerate(("approve", "decline")))
        )

        assert sorted(answer.status for answer in both) == [200, 409]
        status = (await case_of(desk, customer)).status
        expected = "active" if status == "approved" else "blocked"
        assert await desk.rows(STATUS, customer) == [(expected,)]
        late = await decide(desk, case, "decline", request)
        again = await decide(desk, case, "decline", request)
        assert (late.status, late.replayed, again.status, again.replayed) == (409, False, 409, True)
        assert again.body == late.body


async def test_a_decision_about_less_than_the_case_holds_now_is_refused(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await taken_on(desk)
        seen = await case_of(desk, customer)
        await load(desk, also(*NAMED_TWICE))

        decision = NewCaseDecision(outcome="approve", reason="Looked at it", list_version=seen.list_version)
        refused = await desk.first.cases.decide(key(), "req", seen.id, decision, "key_operator")
        now = await case_of(desk, customer)
        decision = msgspec.structs.replace(decision, list_version=now.list_version)
        approved = await desk.first.cases.decide(key(), "req", seen.id, decision, "key_operator")

        assert (refused.status, approved.status) == (409, 200)
        assert await desk.rows(STATUS, customer) == [("active",)]


class Compared(WatchList):
    """Names that something happens with whenever one was looked up, and nothing of it is recorded yet."""

    def __init__(self, names: WatchList, then: Callable[[], None]) -> None:
        self.__dict__ |= names.__dict__
        self._then = then

    def screen(self, text: str, cleared: Collection[EntryKey] = ()) -> list[Match]:
        found = super().screen(text, cleared)
        self._then()
        return found


async def test_a_decision_while_a_new_list_is_compared_counts(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await taken_on(desk)
        case, loop = await case_of(desk, customer), asyncio.get_running_loop()
        decided: list[Answer] = []

        def approve_once() -> None:
            if not decided:
                decided.append(asyncio.run_coroutine_threadsafe(decide(desk, case, "approve"), loop).result(10))

        late = Screening(Compared(also(NAMED_TWICE[1]), approve_once))
        await screen_everybody(desk.first.database, late)

        assert [answer.status for answer in decided] == [200]
        assert await desk.rows(STATUS, customer) == [("active",)]
        assert await desk.rows("SELECT status FROM cases") == [("approved",)]


async def test_decisions_and_new_lists_at_once_leave_nobody_between(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, replicas=3) as desk:
        people = [await taken_on(desk) for _ in range(12)]
        cases = [await case_of(desk, customer) for customer in people]
        for replica in desk.replicas:
            replica.screening.use(also(*NAMED_TWICE), ())

        screenings = [screen_everybody(replica.database, replica.screening) for replica in desk.replicas]
        decisions = [decide(desk, case, "approve", replica=number % 3) for number, case in enumerate(cases)]
        done = await asyncio.gather(*screenings, *decisions)

        assert all(answer.status == 200 for answer in done if isinstance(answer, Answer))
        await screen_everybody(desk.first.database, desk.first.screening)
        between = (
            "SELECT c.status, k.status FROM customers c LEFT JOIN cases k ON k.customer_id = c.id AND k.status = 'open'"
        )
        found = await desk.rows(between)
        assert set(found) <= {("active", None), ("in_review", "open")}
        cleared = "SELECT count(*) FROM clearances WHERE reference = 'INV-001'"
        assert await desk.rows(cleared) == [(12,)]


async def test_those_in_review_from_before_there_were_cases_get_one(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        customer = await desk.customer(name=PERHAPS)
        await desk.rows("UPDATE customers SET status = 'in_review', screening_version = ''")
        await screen_everybody(desk.first.database, desk.first.screening)
        assert (await case_of(desk, customer)).status == "open"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("outcome", ["approve", "decline"])
async def test_a_decision_that_was_killed_has_happened_wholly_or_not_at_all(
    fresh_database: MakeDatabase, outcome: str
) -> None:
    most = 40
    async with open_desk(fresh_database) as desk:
        people = [await taken_on(desk) for _ in range(most)]
        cases = [(await case_of(desk, customer)).id for customer in people]

        kills = await kill_at_every_suspension(killed_decider, killed_decider.Orders(desk.fresh.url, cases, outcome))

        assert 5 < kills < most
        ended, status = ("approved", "active") if outcome == "approve" else ("declined", "blocked")
        states = await desk.rows(
            "SELECT DISTINCT k.status, c.status, EXISTS (SELECT FROM clearances r WHERE r.customer_id = c.id), "
            "EXISTS (SELECT FROM freezes f WHERE f.customer_id = c.id) "
            "FROM cases k JOIN customers c ON c.id = k.customer_id"
        )
        assert set(states) == {
            ("open", "in_review", False, False),
            (ended, status, outcome == "approve", outcome == "decline"),
        }
        for case_id in cases[: kills + 1]:
            await killed_decider.decided(desk.first.cases, case_id, outcome)
        assert await desk.rows("SELECT count(*) FROM cases WHERE status = $1", ended) == [(kills + 1,)]
