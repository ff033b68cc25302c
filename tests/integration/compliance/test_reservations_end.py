"""Reservations end once: by the results of payments, by asking, or as another service says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg
import msgspec
import pytest

from tests.support.compliance_desk import Desk, open_desk
from tests.support.databases import FreshDatabase
from tests.support.house import House
from tests.support.payment_results import Results, open_results, result_of
from tests.support.scoring import screened
from waqiti.contracts.catalog import COMPLIANCE, PAYMENT
from waqiti.contracts.compliance import Resolution, ScreenRequest
from waqiti.contracts.payment import (
    PAYMENT_RESULTS,
    PaymentClient,
    PaymentIds,
    PaymentState,
    PaymentStates,
    Status,
)
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import Batch, Consumer, NewEvent
from waqiti.foundation.ids import new_id
from waqiti.services.compliance.service import SERVICE

MakeDatabase = Callable[[str], FreshDatabase]
STATES = "SELECT state, counted FROM reservations ORDER BY id"
DEADLINE_SECONDS = 10.0


async def reserved(desk: Desk, amounts: Sequence[int], payer: UUID | None = None) -> list[ScreenRequest]:
    """Reserve payments of one new payer and return them."""
    payer, payee = payer or await desk.customer(), await desk.customer("enhanced")
    items = [screened(payer, payee, amount) for amount in amounts]
    decisions = await desk.screen(*items)
    assert all(not decision.refusals for decision in decisions)
    return items


async def test_confirming_keeps_what_moved_and_releasing_gives_all_back(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        whole, part, more, gone = await reserved(desk, [1_000, 2_000, 3_000, 4_000])
        endings = [
            Resolution(whole.id, "confirm", 1_000),
            Resolution(part.id, "confirm", 500),
            Resolution(more.id, "confirm", 9_999),
            Resolution(gone.id, "release", 4_000),
        ]
        assert await desk.first.resolver.resolve(endings) == 4
        assert await desk.rows(STATES) == [
            ("confirmed", 1_000),
            ("confirmed", 500),
            ("confirmed", 3_000),
            ("released", 0),
        ]
        assert whole.from_customer is not None
        assert await desk.used(whole.from_customer) == await desk.used(whole.from_customer, "month") == 4_500


async def test_what_has_ended_stays_as_it_is(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        first, second = await reserved(desk, [1_000, 2_000])
        endings = [Resolution(first.id, "confirm", 1_000), Resolution(second.id, "release", 0)]
        assert await desk.first.resolver.resolve(endings) == 2
        opposite = [Resolution(first.id, "release", 0), Resolution(second.id, "confirm", 2_000)]
        assert await desk.first.resolver.resolve(opposite + endings[:0]) == 0
        assert await desk.first.resolver.resolve([Resolution(new_id(), "release", 0)]) == 0
        assert await desk.rows(STATES) == [("confirmed", 1_000), ("released", 0)]


async def test_room_that_is_released_can_be_used_again(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer = await desk.customer()
        first, _ = await reserved(desk, [500_000, 500_000], payer)
        full = screened(payer, payer, 1)
        assert (await desk.screen(full))[0].refusals == ["limit_exceeded"]
        await desk.first.resolver.resolve([Resolution(first.id, "release", 0)])
        await reserved(desk, [500_000], payer)
        assert (await desk.screen(full))[0].refusals == ["limit_exceeded"]


class Payments:
    """A payment-service that answers what it was told."""

    def __init__(self, states: list[PaymentState]) -> None:
        self.states = states
        self.asked: list[list[UUID]] = []
        self.away = False

    async def call(
        self, method: str, path: str, body: msgspec.Struct | None, reply: type, **_options: object
    ) -> PaymentStates:
        assert (method, path, reply) == ("POST", "/internal/payments/states", PaymentStates)
        assert isinstance(body, PaymentIds)
        self.asked.append(body.ids)
        if self.away:
            raise DependencyUnavailable(PAYMENT, "away")
        return PaymentStates([state for state in self.states if state.id in body.ids])


async def test_payment_service_is_asked_about_what_has_been_open_for_ten_minutes(
    fresh_database: MakeDatabase,
) -> None:
    async with open_desk(fresh_database) as desk:
        captured, declined, held, unknown, young = await reserved(desk, [1, 2, 3, 4, 5])
        await desk.rows("UPDATE reservations SET ask_at = ask_at - interval '10 minutes' WHERE id <> $1", young.id)
        payments = Payments(
            [
                PaymentState(id=captured.id, status="captured", amount_captured=1),
                PaymentState(id=declined.id, status="declined", amount_captured=0),
                PaymentState(id=held.id, status="authorized", amount_captured=0),
            ]
        )
        resolver, client = desk.first.resolver, PaymentClient(payments)  # type: ignore[arg-type]

        assert await resolver.ask(client) == 2
        assert await resolver.ask(client) == 0
        assert {*payments.asked[0]} == {captured.id, declined.id, held.id, unknown.id}
        assert len(payments.asked) == 1, "who goes on is not asked about again at once"
        assert await desk.rows(STATES) == [
            ("confirmed", 1),
            ("released", 0),
            ("reserved", 3),
            ("reserved", 4),
            ("reserved", 5),
        ]


async def test_a_payment_service_that_is_away_ends_nothing(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        await reserved(desk, [7])
        await desk.rows("UPDATE reservations SET ask_at = now()")
        payments = Payments([])
        payments.away = True
        with pytest.raises(DependencyUnavailable):
            await desk.first.resolver.ask(PaymentClient(payments))  # type: ignore[arg-type]
        assert await desk.rows(STATES) == [("reserved", 7)]


async def say(results: Results, *said: tuple[ScreenRequest, Status, int]) -> None:
    """Have payments end as it is said, with what of them was captured."""
    await results.append(
        *(result_of(item.id, status, amount=item.amount, captured=moved) for item, status, moved in said)
    )


async def becomes(read: Callable[[], Awaitable[object]], expected: object) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while (found := await read()) != expected:
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.02)


async def test_the_worker_ends_reservations_as_payments_end(house: House) -> None:
    def same(_name: str) -> FreshDatabase:
        return house.databases[COMPLIANCE]

    async with open_desk(same) as desk, open_results(house.databases[PAYMENT].url) as results:
        whole, part, held, gone = await reserved(desk, [1_000, 2_000, 3_000, 4_000])
        await say(results, (whole, "captured", 1_000), (part, "authorized", 0), (held, "authorized", 0))
        async with house.serving([SERVICE], role="worker"):
            await say(results, (gone, "failed", 0), (part, "captured", 700), (whole, "refunded", 1_000))
            poison = NewEvent(PAYMENT_RESULTS, "key", "payment.captured", held.id, b'{"no": "result"}')
            await results.append(poison)
            expected = [("confirmed", 1_000), ("confirmed", 700), ("reserved", 3_000), ("released", 0)]
            await becomes(lambda: desk.rows(STATES), expected)
            await becomes(lambda: desk.rows("SELECT subject FROM eventlog.dead_letters"), [(held.id,)])


async def test_a_batch_of_results_takes_effect_with_its_mark_or_not_at_all(house: House) -> None:
    def same(_name: str) -> FreshDatabase:
        return house.databases[COMPLIANCE]

    async with open_desk(same) as desk, open_results(house.databases[PAYMENT].url) as results:
        items = await reserved(desk, [100] * 20)
        await say(results, *((item, "captured", 40) for item in items))
        log = await Database.open(house.databases[PAYMENT].reader_url(COMPLIANCE), name="log")
        own = desk.first.database
        async with Consumer(log=log, database=own, group=COMPLIANCE, topic=PAYMENT_RESULTS) as consumer:
            seen: set[UUID] = set()
            batch = await consumer.next(1_000)
            with pytest.raises(asyncpg.PostgresError):
                await desk.first.resolver.follow(_Failing(consumer), batch)  # type: ignore[arg-type]
            consumer.abort(batch)
            assert await desk.rows("SELECT DISTINCT state FROM reservations") == [("reserved",)]
            while len(seen) < 20:
                batch = await consumer.next(1_000)
                await desk.first.resolver.follow(consumer, batch)
                seen |= {event.subject for event in batch.events}
        await log.close()
        assert await desk.rows("SELECT DISTINCT state, counted FROM reservations") == [("confirmed", 40)]
        assert await desk.used(_payer(items[0])) == 20 * 40


class _Failing:
    """A consumer whose mark is refused by the database."""

    def __init__(self, consumer: Consumer) -> None:
        self.group = consumer.group

    async def mark(self, connection: "asyncpg.Connection[asyncpg.Record]", _batch: Batch) -> None:
        await connection.execute("SELECT 1 / 0")


def _payer(item: ScreenRequest) -> UUID:
    assert item.from_customer is not None
    return item.from_customer
