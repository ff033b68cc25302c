"""The rate of false positives, measured from what the score said and what people found out."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.house import House
from tests.support.review_queue import becomes, due, figures_of, open_casework, rows_of
from waqiti.contracts.catalog import FRAUD
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import first_id, new_id
from waqiti.services.fraud.domain.minutes import MINUTE, minute_of
from waqiti.services.fraud.domain.rates import Counts, share
from waqiti.services.fraud.usecases.figures import Figures

DAY = timedelta(days=1)

_DECISION = """
INSERT INTO decisions (id, from_wallet, from_customer, amount, created_at, score, currency, kind, outcome)
SELECT n.id, n.id, n.id, 100, now(), 0.8, 'EUR', 'payment', $2 FROM unnest($1::uuid[]) AS n (id)
"""
_REVIEW = """
INSERT INTO reviews (id, subject_id, from_wallet, amount, opened_at, decided_at, round, subject, kind, status, currency,
    reasons, decided_by, reason)
VALUES (gen_random_uuid(), $1, $1, 100, now(), now(), 1, 'payment', $2, $3, 'EUR', '[]', 'key_1', 'Looked at it')
"""
_LABEL = "INSERT INTO labels VALUES ($1, gen_random_uuid(), $3, 'review', $2, 'key_1')"
_DISPUTE = "INSERT INTO disputes VALUES (gen_random_uuid(), $1, now(), $2, $3)"


class Past:
    """What fraud-service has decided, written straight into its database."""

    def __init__(self, house: House) -> None:
        self._fresh = house.databases[FRAUD]

    async def scored(self, outcome: str, count: int = 1, at: datetime | None = None) -> list[UUID]:
        ids = [new_id() if at is None else UUID(int=first_id(at).int + number) for number in range(count)]
        await self.run(_DECISION, ids, outcome)
        return ids

    async def reviewed(self, movement: UUID, status: str = "approved", kind: str = "fraud") -> None:
        await self.run(_REVIEW, movement, kind, status)

    async def labelled(self, movement: UUID, *labels: str) -> None:
        for number, label in enumerate(labels):
            await self.run(_LABEL, movement, label, utc_now() + timedelta(seconds=number))

    async def disputed(self, movement: UUID, kind: str, status: str) -> None:
        await self.run(_DISPUTE, movement, kind, status)

    async def run(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        return await rows_of(self._fresh, query, *arguments)


@pytest.fixture
def past(house: House) -> Past:
    return Past(house)


async def measured(house: House, window: timedelta = DAY, *, now: datetime | None = None) -> Counts:
    database = await Database.open(house.databases[FRAUD].url, name=FRAUD)
    try:
        return await Figures(database, window).measure(now or utc_now())
    finally:
        await database.close()


async def test_flagged_and_legitimate_is_what_people_cleared(house: House, past: Past) -> None:
    cleared, told, stolen, taken_back, unsure, other, blocked, open_still = await past.scored("review", 8)
    await past.reviewed(cleared)
    await past.labelled(told, "legitimate")
    for movement, labels in ((stolen, ["fraud"]), (taken_back, ["legitimate", "fraud"]), (unsure, ["unsure"])):
        await past.reviewed(movement)
        await past.labelled(movement, *labels)
    await past.reviewed(other, kind="compliance")
    await past.reviewed(blocked, "declined")
    await past.labelled(open_still, "unsure")
    (declined,) = await past.scored("decline")
    await past.labelled(declined, "fraud", "legitimate")

    assert await measured(house) == Counts(flagged=4, presumed=0), "cleared, told, unsure and declined"


async def test_what_the_score_approved_is_presumed_legitimate_until_somebody_says_otherwise(
    house: House, past: Past
) -> None:
    movements = await past.scored("approve", 10)
    await past.labelled(movements[0], "fraud")
    await past.labelled(movements[1], "fraud", "legitimate")
    await past.disputed(movements[2], "fraud", "open")
    await past.disputed(movements[3], "fraud", "won")
    await past.disputed(movements[4], "fraud", "lost")
    await past.labelled(movements[4], "fraud")
    await past.disputed(movements[5], "other", "lost")
    await past.labelled(new_id(), "fraud")

    assert await measured(house) == Counts(flagged=0, presumed=7)


async def test_only_the_window_counts_and_finished_minutes_are_counted_once(house: House, past: Past) -> None:
    now = minute_of(utc_now()) + timedelta(seconds=30)
    for age, count in ((0, 1), (1, 2), (2, 4), (45, 8), (59, 16), (60, 32), (61, 64)):
        await past.scored("approve", count, now - age * MINUTE - timedelta(seconds=20))
    window = timedelta(hours=1)
    assert await measured(house, window, now=now) == Counts(flagged=0, presumed=63)
    assert await measured(house, window, now=now) == Counts(flagged=0, presumed=63)
    folded = await past.run("SELECT sum(approved), count(*) FROM scored_minutes")
    assert folded == [(62, 60)]

    later = now + 30 * MINUTE
    assert await measured(house, window, now=later) == Counts(flagged=0, presumed=7)
    assert await measured(house, window, now=later + 365 * DAY) == Counts(flagged=0, presumed=0)


async def test_movements_that_are_scored_late_count_when_their_minute_is_counted_again(
    house: House, past: Past
) -> None:
    now = minute_of(utc_now()) + timedelta(seconds=30)
    await past.scored("approve", 3, now - 2 * MINUTE)
    assert (await measured(house, now=now)).presumed == 3
    await past.scored("approve", 4, now - 2 * MINUTE + timedelta(seconds=1))
    assert (await measured(house, now=now)).presumed == 3
    assert (await measured(house, now=now + 6 * MINUTE)).presumed == 7


async def test_replicas_that_measure_at_once_agree(house: House, past: Past) -> None:
    now = utc_now()
    for age in range(100):
        await past.scored("approve", 3, now - age * MINUTE - timedelta(seconds=61))
    found = await asyncio.gather(*(measured(house, now=now) for _ in range(4)))
    assert set(found) == {Counts(flagged=0, presumed=300)}


async def test_what_operators_decide_is_shown_by_every_replica_with_what_it_is_divided_from(
    house: House, past: Past
) -> None:
    await past.scored("approve", 3)
    (movement, _) = await past.scored("review", 2)
    async with open_casework(house) as queue:
        await queue.due(due("fraud", subject_id=movement))
        assert (await queue.decide((await queue.open_reviews(movement))["fraud"])).status == 200
    async with open_casework(house) as queue:

        async def shown() -> Any:
            answer = await queue.operator.get("/actuator/metrics/fraud.false.positive.rate")
            return answer.document()["measurements"] if answer.status == 200 else None

        await becomes(shown, [{"statistic": "VALUE", "value": 0.25}])
        figures, expected = await figures_of(queue.operator), share(1, 4)
    assert (figures["fraud_flagged_legitimate"], figures["fraud_presumed_legitimate"]) == (1, 3)
    assert figures["fraud_false_positive_rate_low"] == expected.low
    assert figures["fraud_false_positive_rate_high"] == expected.high
