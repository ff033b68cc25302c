"""Scoring on a real database: the first decision counts, and history is what the decisions say."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from tests.support.house import House, Visitor
from tests.support.scoring import NOON, scored
from tests.support.scoring_desk import Desk, MakeDatabase, open_desk
from tests.support.switching import Board
from waqiti.contracts.catalog import FRAUD
from waqiti.foundation.ids import new_id
from waqiti.scoring.state import Profile
from waqiti.services.fraud.domain.batches import Asked
from waqiti.services.fraud.service import SERVICE
from waqiti.services.fraud.store import reading, signals

START = NOON - timedelta(days=14)


async def test_the_first_decision_about_an_id_is_given_again_and_counts_once(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer = new_id()
        items = [scored(payer, new_id(), 990_000, at=NOON + timedelta(minutes=n)) for n in range(4)]
        first = [decision for item in items for decision in await desk.score(item)]
        again = await desk.score(*reversed(items), items[0], items[0])
        changed = await desk.score(msgspec.structs.replace(items[3], amount=1))

        assert [decision.outcome for decision in first] == ["approve", "approve", "review", "decline"]
        assert again == [*reversed(first), first[0], first[0]]
        assert changed == [first[3]]
        assert [(state.sent, state.sent_largest) for state in await months(desk, payer)] == [(4, 990_000)]
        assert await desk.rows("SELECT count(*) FROM signals WHERE kind = 'near_threshold'") == [(4,)]


async def test_equal_ids_within_a_batch_are_one_payment(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        item = scored(new_id(), new_id(), 500)
        decisions = await desk.score(item, item, item)
        assert decisions == [decisions[0]] * 3
        assert [state.sent for state in await months(desk, item.from_customer)] == [1]


async def test_items_of_one_batch_see_the_ones_before_them(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer = new_id()
        decisions = await desk.score(*(scored(payer, new_id(), 990_000) for _ in range(5)))
        assert [decision.outcome for decision in decisions] == ["approve"] * 2 + ["review"] + ["decline"] * 2


async def test_of_signals_only_those_are_read_that_rules_ask_for(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        shop, payer = new_id(), new_id()
        many = (
            "INSERT INTO signals (payment_id, payer, payee, amount, at, kind, currency) "
            "SELECT gen_random_uuid(), coalesce($1::uuid, gen_random_uuid()), $2::uuid, 990000, "
            "$3::timestamptz - n * interval '1 second', $4::text, 'EUR' FROM generate_series(1, $5::integer) n"
        )

        async def read() -> Counter[str]:
            async with desk.databases[0].connection() as connection:
                known = await reading.read(connection, Asked.of([scored(payer, shop, 500)]))
            return Counter(signal.kind for signal in known.signals)

        await desk.rows(many, None, shop, NOON, "near_threshold", 5_000)
        assert await read() == {}
        await desk.rows(many, payer, shop, NOON, "outsized", 2)
        assert await read() == {"outsized": 2}, "each once, although it belongs to both"
        await desk.rows(many, None, shop, NOON - timedelta(days=2), "outsized", 5)
        await desk.rows(many, None, shop, NOON - timedelta(days=2), "declined", 5_000)
        assert await read() == {"outsized": 2, "declined": 100}


async def test_signals_that_no_rule_asks_for_are_forgotten_some_at_a_time(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        await desk.score(*(scored(new_id(), new_id(), 990_000, at=START + timedelta(days=n)) for n in range(4)))
        async with desk.databases[0].connection() as connection:
            forgotten = [await signals.sweep(connection, START + timedelta(days=3), 2) for _ in range(3)]

        assert forgotten == [2, 1, 0]
        assert await desk.rows("SELECT at FROM signals") == [(START + timedelta(days=3),)]


async def test_the_same_batches_on_three_replicas_at_once_count_once(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, replicas=3) as desk:
        people = [new_id() for _ in range(6)]
        items = [scored(people[n % 6], people[(n + 1) % 6], 100 + n) for n in range(120)]
        batches = [items[start : start + 40] for start in range(0, 120, 20)] * 2
        answers = await asyncio.gather(
            *(desk.scorers[n % 3].score(batch) for n, batch in enumerate(batches)),
        )

        assert [[decision.id for decision in answer] for answer in answers] == [[i.id for i in b] for b in batches]
        assert await desk.rows("SELECT count(*) FROM decisions") == [(120,)]
        for person in people:
            assert [(state.sent, state.received) for state in await months(desk, person)] == [(20, 20)]


async def test_an_established_account_that_is_drained_is_stopped(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database) as desk:
        payer, shop = new_id(), new_id()
        for day in range(12):
            await desk.score(*(scored(payer, shop, 2_000 + n, at=START + timedelta(days=day)) for n in range(2)))
        last = START + timedelta(days=12)
        thefts = [scored(payer, new_id(), 200_000 * 4**n, at=last + timedelta(minutes=n)) for n in range(3)]
        decisions = [decision for theft in thefts for decision in await desk.score(theft)]

        assert [decision.outcome for decision in decisions] == ["approve", "approve", "decline"]
        assert [reason.code for reason in decisions[2].reasons] == ["account_drained", "outsized_amount"]
        assert await desk.rows("SELECT count(*) FROM signals WHERE kind = 'declined'") == [(1,)]
        assert (await desk.score(scored(payer, shop, 2_000, at=last)))[0].outcome == "approve"


async def test_batches_are_scored_over_http_for_the_services_that_may_ask(
    tmp_path: Path, fresh_database: MakeDatabase
) -> None:
    house = House(tmp_path, fresh_database, (FRAUD,))
    async with house.serving([SERVICE]) as addresses:
        payments = house.internal_client(addresses[FRAUD], "payment-service")
        item = msgspec.to_builtins(scored(new_id(), new_id(), 500))
        answer = await payments.post("/internal/score", {"items": [item]})
        assert answer.status == 200, answer
        decision = answer.document()["decisions"][0]
        assert (decision["id"], decision["score"], decision["outcome"], decision["reasons"]) == (
            item["id"],
            0.0,
            "approve",
            [],
        )
        assert (await payments.post("/internal/score", {"items": []})).document() == {"decisions": []}
        for items in ([item] * 1_001, [item | {"amount": 0}], [item | {"currency": "euro"}], [item | {"extra": 1}]):
            assert (await payments.post("/internal/score", {"items": items})).status == 422
        stranger = house.internal_client(addresses[FRAUD], "ledger-service")
        assert (await stranger.post("/internal/score", {"items": []})).status == 403
        public = house.client(addresses[FRAUD])
        assert (await public.post("/internal/score", {"items": []})).status == 403
        assert (await public.get("/actuator/health")).document()["status"] == "UP"


async def test_an_operators_thresholds_take_effect(tmp_path: Path, fresh_database: MakeDatabase) -> None:
    house = House(tmp_path, fresh_database, (FRAUD,))
    async with house.serving([SERVICE], FRAUD_THRESHOLD="0") as addresses:
        payments = house.internal_client(addresses[FRAUD], "payment-service")
        item = msgspec.to_builtins(scored(new_id(), new_id(), 500))
        decision = (await payments.post("/internal/score", {"items": [item]})).document()["decisions"][0]
        assert (decision["outcome"], decision["reasons"][0]["code"]) == ("decline", "score_at_threshold")


async def test_thresholds_change_from_one_batch_to_the_next(tmp_path: Path, fresh_database: MakeDatabase) -> None:
    house, board = House(tmp_path, fresh_database, (FRAUD,)), Board(tmp_path)
    async with house.serving([SERVICE], own={FRAUD: board.variables}) as addresses:
        payments = house.internal_client(addresses[FRAUD], "payment-service")

        async def becomes(outcome: str) -> None:
            async with asyncio.timeout(1):
                while await outcome_of(payments) != outcome:
                    await asyncio.sleep(0.02)

        assert await outcome_of(payments) == "approve"
        for switch, value, outcome in (
            ("MANUAL_REVIEW_THRESHOLD", 0.0, "review"),
            ("MANUAL_REVIEW_MODE", False, "approve"),
            ("FRAUD_THRESHOLD", 0.0, "decline"),
        ):
            board.set(FRAUD, switch, value)
            await becomes(outcome)
        board.unset(FRAUD, "FRAUD_THRESHOLD")
        await becomes("approve")


async def outcome_of(payments: Visitor) -> str:
    item = msgspec.to_builtins(scored(new_id(), new_id(), 500))
    answer = await payments.post("/internal/score", {"items": [item]})
    outcome: str = answer.document()["decisions"][0]["outcome"]
    return outcome


async def months(desk: Desk, customer: UUID) -> list[Profile]:
    return [state.months.buckets[0] for state in await desk.states(customer)]
