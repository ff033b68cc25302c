"""The queue under everything at once: what is due and over, and operators, on two replicas."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

import pytest

from tests.support.databases import FreshDatabase
from tests.support.review_queue import due, over, rows_of
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.public.reviews import NewReviewDecision
from waqiti.contracts.reviews import ReviewDue, ReviewOutcome, ReviewOver, Verdict, VerdictTaken
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.idempotency import RequestKey, canonical_hash
from waqiti.foundation.ids import new_id
from waqiti.services.fraud.domain.dossiers import KINDS
from waqiti.services.fraud.usecases.deciding import Reviews
from waqiti.services.fraud.usecases.queue import Queue
from waqiti.services.fraud.usecases.telling import Teller

MakeDatabase = Callable[[str], FreshDatabase]


class Owner:
    """Who hears verdicts, and is away every third time."""

    def __init__(self) -> None:
        self.heard: dict[UUID, list[Verdict]] = defaultdict(list)
        self._asked = 0

    async def reviewed(self, verdict: Verdict, *, timeout_seconds: float = 1.0) -> VerdictTaken:  # noqa: ARG002 - an Owner
        self._asked += 1
        if self._asked % 3 == 0:
            raise DependencyUnavailable("payment-service", "It was told to be away.")
        self.heard[verdict.subject_id].append(verdict)
        return VerdictTaken("captured")


class Replica:
    """One replica's use cases."""

    def __init__(self, database: Database, owner: Owner) -> None:
        self.database = database
        self.teller = Teller(database, {"withdrawal": owner})
        self.queue = Queue(database)
        self.reviews = Reviews(database, self.teller)

    async def decide(self, review_id: UUID, outcome: ReviewOutcome) -> int:
        body = NewReviewDecision(outcome=outcome, reason="Looked at it", label="unsure")
        request = RequestKey(canonical_hash("reviews"), new_id().hex, canonical_hash(outcome))
        return (await self.reviews.decide(request, "req_test", review_id, body, "key_1")).status


@asynccontextmanager
async def two_replicas(fresh: FreshDatabase, owner: Owner) -> AsyncIterator[list[Replica]]:
    opened = [await Database.open(fresh.url, name=FRAUD) for _ in range(2)]
    try:
        yield [Replica(database, owner) for database in opened]
    finally:
        for database in opened:
            await database.close()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_meets_each_movement_has_one_fate_that_its_owner_hears(
    fresh_database: MakeDatabase, seed: int
) -> None:
    random, owner, fresh = Random(seed), Owner(), fresh_database(FRAUD)
    movements = [new_id() for _ in range(6)]
    async with two_replicas(fresh, owner) as replicas:

        async def fill() -> None:
            for minutes in range(25):
                chosen = random.sample(movements, 4)
                kinds = random.sample(KINDS, random.randint(1, 3))
                items: list[ReviewDue | ReviewOver] = [due(*kinds, subject_id=m, minutes=minutes) for m in chosen]
                if random.random() < 0.2:
                    items.append(over(due("fraud", subject_id=chosen[0]), minutes=minutes))
                await random.choice(replicas).queue.take(items)

        filling = asyncio.gather(fill(), fill())

        async def operate() -> set[int]:
            answers = set()
            while not filling.done():
                replica = random.choice(replicas)
                found = await replica.reviews.newest("open", None, None, 20)
                if found:
                    outcome: ReviewOutcome = "decline" if random.random() < 0.1 else "approve"
                    answers.add(await replica.decide(random.choice(found).id, outcome))
            return answers

        answers = await asyncio.gather(operate(), operate(), operate())
        await filling
        assert {200} <= {status for found in answers for status in found} <= {200, 409}
        await rows_of(fresh, "UPDATE verdicts SET next_at = now(), leased_until = NULL WHERE state = 'due'")
        while await rows_of(fresh, "SELECT FROM verdicts WHERE state = 'due'"):
            await asyncio.gather(*(replica.teller.drive() for replica in replicas))
            await rows_of(fresh, "UPDATE verdicts SET next_at = now() WHERE state = 'due'")

    for fate, decided, still_open in await rows_of(fresh, _FATES):
        assert not (fate and still_open), "a round that came to something has nothing open"
        assert (fate == "decline") == ("declined" in str(decided))
    assert await rows_of(fresh, _TOLD_WRONGLY) == []
    for heard in owner.heard.values():
        outcomes = [verdict.outcome for verdict in heard]
        assert "decline" not in outcomes[:-1], "nothing is told any more once it was declined"


_FATES = """
SELECT d.fate, string_agg(r.status, ',') FILTER (WHERE r.round = d.round),
       count(*) FILTER (WHERE r.status = 'open')
FROM dossiers d JOIN reviews r USING (subject_id) GROUP BY d.subject_id, d.fate
"""
_TOLD_WRONGLY = """
SELECT v.subject_id, v.round, v.outcome FROM verdicts v
WHERE (v.outcome = 'decline') <> EXISTS (
    SELECT FROM reviews r WHERE r.subject_id = v.subject_id AND r.round = v.round AND r.status = 'declined'
)
"""
