"""Kill -9 of whoever decides a review, at every point where it waits for something."""

from uuid import UUID

import pytest

from tests.integration.fraud import killed_decider
from tests.support.house import House
from tests.support.killing import kill_at_every_suspension
from tests.support.review_queue import Casework, Owners, becomes, due, open_casework
from waqiti.contracts.catalog import FRAUD, PAYMENT
from waqiti.contracts.payment import PaymentClient
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.services.fraud.service import SERVICE
from waqiti.services.fraud.usecases.deciding import Reviews
from waqiti.services.fraud.usecases.telling import Teller

MOST_SUSPENSIONS = 60


@pytest.mark.timeout(120)
async def test_a_review_is_decided_once_and_its_owner_told_wherever_who_decided_was_killed(house: House) -> None:
    owners = Owners()
    async with open_casework(house, owners, alone=True) as queue:
        await queue.due(*(due("fraud", subject="payment") for _ in range(MOST_SUSPENSIONS)))
        reviews = [UUID(str(row[0])) for row in await queue.rows("SELECT id FROM reviews ORDER BY id")]
    async with house.serving(owners.services()) as elsewhere:
        token = house.issuer(FRAUD).authorization().decode()
        url = house.databases[FRAUD].url
        kills = await kill_at_every_suspension(
            killed_decider, killed_decider.Orders(url, elsewhere[PAYMENT], token, reviews)
        )
        assert 10 < kills < MOST_SUSPENSIONS
        asked = reviews[: kills + 1]
        assert await approved(queue) in range(2, kills + 1)

        await queue.rows("UPDATE verdicts SET leased_until = now()")
        async with house.serving([SERVICE], elsewhere):
            await becomes(lambda: untold(queue), 0)
            assert len({heard.subject_id for heard in owners.heard}) == await approved(queue)
            await decide_again(house, elsewhere[PAYMENT], asked)
            await becomes(lambda: untold(queue), 0)

    assert await approved(queue) == len(asked)
    assert await queue.rows("SELECT count(*), count(DISTINCT subject_id) FROM labels") == [(len(asked), len(asked))]
    assert len({heard.subject_id for heard in owners.heard}) == len(asked)
    assert {(heard.outcome, heard.reason) for heard in owners.heard} == {("approve", "Looked at it")}


async def approved(queue: Casework) -> int:
    return len(await queue.rows("SELECT id FROM reviews WHERE status = 'approved'"))


async def untold(queue: Casework) -> int:
    return len(await queue.rows("SELECT subject_id FROM verdicts WHERE state <> 'told'"))


async def decide_again(house: House, payment_url: str, asked: list[UUID]) -> None:
    """Send each decision again under its key, as the operator's client does that got no answer."""
    database = await Database.open(house.databases[FRAUD].url, name="fraud")
    client = ServiceClient(PAYMENT, payment_url, authorization=house.issuer(FRAUD).authorization)
    reviews = Reviews(database, Teller(database, {"payment": PaymentClient(client)}))
    for review in asked:
        assert (await killed_decider.decided(reviews, review)).status == 200
    await client.close()
    await database.close()
