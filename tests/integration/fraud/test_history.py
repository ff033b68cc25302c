"""History online: exact however many replicas fold it, and equal to what is folded from a file."""

import asyncio
from datetime import timedelta
from random import Random
from uuid import UUID

import numpy as np

from tests.integration.fraud import killed_scorer
from tests.support.killing import kill_at_every_suspension
from tests.support.predictors import Scripted
from tests.support.scoring import NOON, scored
from tests.support.scoring_desk import Desk, MakeDatabase, open_desk
from waqiti.contracts.fraud import ScoreRequest
from waqiti.foundation.ids import new_id
from waqiti.scoring.history import History
from waqiti.services.fraud.domain.features import movement_of
from waqiti.services.fraud.domain.labels import Finding
from waqiti.services.fraud.store import parties
from waqiti.simulation.day import payments
from waqiti.simulation.town import Town

A_DAY = 600


async def test_the_features_of_a_day_are_those_of_the_same_day_from_a_file(fresh_database: MakeDatabase) -> None:
    chance, model, offline = Random(7), Scripted(), History()
    items, frauds = _town_day()
    rows: list[list[float]] = []
    async with open_desk(fresh_database, model=model) as desk:
        while items:
            size = chance.choice([1, 2, 7, 30, 90])
            batch, items = items[:size], items[size:]
            rows += [offline.features(movement_of(item)) for item in batch]
            await desk.score(*batch)
            if known := frauds & {item.id for item in batch}:
                await desk.learn(*(_fraud(payment_id, batch[-1]) for payment_id in known))
                for item in batch:
                    if item.id in known:
                        offline.known_as_fraud(movement_of(item))
    assert len(rows) > A_DAY // 2
    assert frauds
    np.testing.assert_array_equal(np.asarray(model.rows, dtype=np.float32), np.asarray(rows, dtype=np.float32))


async def test_every_payment_to_a_busy_merchant_sees_all_before_it_on_any_replica(
    fresh_database: MakeDatabase,
) -> None:
    merchant, model = new_id(), Scripted(lambda _: 0.75)
    async with open_desk(fresh_database, replicas=3, model=model) as desk:
        batches = [[scored(new_id(), merchant, 500) for _ in range(10)] for _ in range(12)]
        answers = await asyncio.gather(*(desk.scorers[n % 3].score(batch) for n, batch in enumerate(batches)))

        assert [[row.id for row in answer] for answer in answers] == [[item.id for item in b] for b in batches]
        assert await desk.shown("payee_received_in_month") == list(range(120))
        assert (await desk.states(merchant))[0].months.buckets[0].received == 120
        assert await desk.rows("SELECT count(*) FROM decisions") == [(120,)]


async def test_payments_against_each_other_on_several_replicas_come_to_an_end(fresh_database: MakeDatabase) -> None:
    people = [new_id() for _ in range(4)]
    async with open_desk(fresh_database, replicas=3, model=Scripted(lambda _: 0.75)) as desk:
        chance = Random(1)
        chosen = [[chance.sample(people, 2) for _ in range(8)] for _ in range(12)]
        batches = [[scored(payer, payee, 500) for payer, payee in batch] for batch in chosen]
        await asyncio.gather(*(desk.scorers[n % 3].score(batch) for n, batch in enumerate(batches)))
        for person in people:
            sent = [item for batch in batches for item in batch if item.from_customer == person]
            assert (await desk.states(person))[0].months.buckets[0].sent == len(sent)
        shown = await desk.rows(
            "SELECT from_customer, (features->>'payer_sent_in_month')::int FROM decisions ORDER BY 1, 2"
        )
        seen = {person: [count for payer, count in shown if payer == person] for person in people}
        assert all(counts == list(range(len(counts))) for counts in seen.values())


async def test_a_party_that_was_only_ever_held_has_no_history(fresh_database: MakeDatabase) -> None:
    payer, payee = new_id(), new_id()
    async with open_desk(fresh_database, model=Scripted(lambda _: 0.75)) as desk:
        async with desk.databases[0].transaction() as connection:
            await parties.hold(connection, [(payer, "EUR")])
        assert await desk.rows("SELECT version, state FROM parties") == [(0, None)]
        await desk.score(scored(payer, payee, 500))
        assert await desk.shown("payer_sent_in_month") == [0]
        assert await desk.rows("SELECT version FROM parties") == [(1,), (1,)]


async def test_a_batch_that_waits_for_a_held_party_sees_what_was_done_meanwhile(fresh_database: MakeDatabase) -> None:
    payer, payee = new_id(), new_id()
    async with open_desk(fresh_database, replicas=2, model=Scripted(lambda _: 0.75)) as desk:
        first = scored(payer, payee, 500)
        await desk.score(first)
        async with desk.databases[1].transaction() as connection:
            await parties.hold(connection, [(payer, "EUR")])
            waiting = asyncio.create_task(desk.score(scored(payer, payee, 500, at=NOON + timedelta(minutes=1))))
            await _until_somebody_waits(desk)
            history = History(await parties.read(connection, [(payer, "EUR")]))
            history.known_as_fraud(movement_of(first))
            await parties.write(connection, history.changed_customers)
        await waiting
        assert await desk.shown("payer_frauds") == [0, 1]


async def test_what_becomes_known_as_fraud_counts_once_whoever_says_so(fresh_database: MakeDatabase) -> None:
    item, never_scored = scored(new_id(), new_id(), 500), scored(new_id(), new_id(), 500)
    async with open_desk(fresh_database) as desk:
        await desk.score(item)
        for _ in range(2):
            await desk.learn(_fraud(item.id, item), _fraud(never_scored.id, item))
        await desk.learn(_fraud(item.id, item, label="legitimate"))
        payer, payee = await desk.states(item.from_customer), await desk.states(item.to_customer or new_id())
        assert (payer[0].weeks.buckets[0].sent_frauds, payee[0].weeks.buckets[0].received_frauds) == (1, 1)
        assert (payer[0].months.buckets[0].sent, payee[0].months.buckets[0].received) == (1, 1)
        assert await desk.states(never_scored.from_customer) == []
        assert await desk.rows("SELECT count(*) FROM labels") == [(5,)]


async def test_a_process_that_is_killed_anywhere_leaves_a_history_in_which_all_counts_once(
    fresh_database: MakeDatabase,
) -> None:
    payer, payee = new_id(), new_id()
    first, then = ([scored(payer, payee, 500) for _ in range(3)] for _ in range(2))
    async with open_desk(fresh_database) as desk:
        orders = killed_scorer.Orders(desk.fresh.url, first, then, [_fraud(first[0].id, first[0])], times=80)
        assert await kill_at_every_suspension(killed_scorer, orders) > 8

        assert await desk.shown("payee_received_in_month") == list(range(6))
        sent, received = (await desk.states(payer))[0], (await desk.states(payee))[0]
        assert (sent.months.buckets[0].sent, received.months.buckets[0].received) == (6, 6)
        assert (sent.weeks.buckets[0].sent_frauds, received.weeks.buckets[0].received_frauds) == (1, 1)
        assert await desk.rows("SELECT count(*) FROM labels") == [(1,)]


def _town_day() -> tuple[list[ScoreRequest], set[UUID]]:
    """Return a day of the town, and what of it was fraud."""
    people: dict[str, UUID] = {}
    items, frauds = [], set()
    for row in payments(Town.with_payments(3, A_DAY), 1):
        payer, payee = (people.setdefault(name, new_id()) for name in (row.payer, row.payee))
        items.append(scored(payer, payee, row.amount, at=row.time, currency=row.currency))
        if row.label:
            frauds.add(items[-1].id)
    return items, frauds


def _fraud(payment_id: UUID, at: ScoreRequest, *, label: str = "fraud") -> Finding:
    return Finding(
        subject_id=payment_id,
        source="dispute",
        origin=new_id(),
        label="fraud" if label == "fraud" else "legitimate",
        actor="key_operator",
        at=at.created_at,
    )


async def _until_somebody_waits(desk: Desk) -> None:
    """Return once a statement waits for a lock."""
    async with asyncio.timeout(5):
        while not await desk.rows(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)
