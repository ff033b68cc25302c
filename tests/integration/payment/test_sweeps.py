"""What time brings about: lost events, poison, backlogs, late payments."""

import asyncio
import time
from typing import Any

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, approve
from tests.support.desk import Desk, open_desk, order, uuid_of
from tests.support.house import OPERATOR_KEY, House
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.contracts.payment import CONSUMER_GROUP
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import LogAdmin
from waqiti.foundation.ids import new_id

LOSE_EVENTS = "UPDATE eventlog.events SET topic = 'payment-results', type = 'payment.odd', \"offset\" = -\"offset\" - 1"
INSERT_GARBAGE = """
SELECT eventlog.append(
    ARRAY['payment-events'], ARRAY[0], ARRAY[1], ARRAY[1], ARRAY[0], ARRAY['k'], ARRAY['payment.created'],
    ARRAY[$1::uuid], ARRAY['{"no": "payment"}'], ARRAY[NULL::text]
)
"""
QUICK = {"WAQITI_REQUEUE_AFTER_SECONDS": "1"}


async def test_a_payment_whose_event_was_lost_is_queued_again(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        lost = [await accepted(desk, payer, payee, 100) for _ in range(3)]
        await desk.sql(LOSE_EVENTS)
        await desk.sql("UPDATE eventlog.partitions SET next_offset = 0 WHERE topic = 'payment-events'")
    async with open_desk(house, deciders, QUICK) as desk:
        for payment in lost:
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (700, 300)


async def test_a_backlog_is_not_queued_twice(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        waiting = [await accepted(desk, payer, payee, 1) for _ in range(20)]
        await asyncio.sleep(1.5)
    deciders.fraud = "hanging"
    async with open_desk(house, deciders, QUICK) as desk:
        await asyncio.sleep(7)
        deciders.fraud = "well"
        for payment in waiting:
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (980, 20)
        requeued = await desk.sql("SELECT FROM eventlog.events WHERE type = 'payment.requeued'")
        assert len(requeued) == 0


async def test_an_event_that_cannot_be_read_goes_to_the_dead_letters_and_others_pass(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        nobody = new_id()
        await desk.sql(INSERT_GARBAGE, nobody)

        payments = await asyncio.gather(*(desk.pay(payer, payee, 1) for _ in range(10)))

        assert {payment["status"] for payment in payments} == {"captured"}
        letters = await dead_letters(desk)
        assert [letter.subject for letter in letters] == [nobody]


async def test_a_payment_that_a_service_cannot_digest_stays_open_and_others_pass(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    def choke(item: ScoreRequest) -> FraudDecision:
        if item.amount == 13:
            raise Problem.invalid("Thirteen is too much.")
        return approve(item)

    deciders.score = choke
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()

        answers = await asyncio.gather(
            *(desk.send("POST", "/v1/payments", order(payer, payee, amount), Prefer="wait=10") for amount in (12, 14)),
            desk.send("POST", "/v1/payments", order(payer, payee, 13), Prefer="wait=2"),
        )

        assert [answer.document()["status"] for answer in answers[:2]] == ["captured", "captured"]
        poisoned = await desk.becomes(answers[2].document()["id"], "screening")
        assert [letter.subject for letter in await dead_letters(desk)] == [uuid_of(poisoned)]
        assert (await desk.pay(payer, payee, 15))["status"] == "captured"
        assert await desk.balances(payer, payee) == (959, 41)


async def test_a_payment_that_is_not_decided_after_thirty_seconds_is_counted_once(
    house: House, deciders: Deciders
) -> None:
    deciders.compliance = "away"
    async with open_desk(house, deciders, {}) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        before = await counted(desk)
        payment = await accepted(desk, payer, payee, 1)
        await desk.becomes(payment["id"], "screening")
        await make_older(desk, payment)

        deadline = time.monotonic() + 10
        while await counted(desk) == before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.5)

        assert await counted(desk) == before + 1


async def accepted(desk: Desk, payer: str, payee: str, amount: int) -> Any:
    answer = await desk.send("POST", "/v1/payments", order(payer, payee, amount), Prefer="wait=0")
    assert answer.status == 202, answer
    return answer.document()


async def make_older(desk: Desk, payment: Any) -> None:
    """Give a payment the id that it would have had a minute ago."""
    identifier = uuid_of(payment)
    older = type(identifier)(int=identifier.int - (60_000 << 80))
    for statement in (
        "UPDATE states SET id = $2 WHERE id = $1",
        "UPDATE payments SET id = $2 WHERE id = $1",
        "UPDATE parked SET payment_id = $2 WHERE payment_id = $1",
    ):
        await desk.sql(statement, identifier, older)
    await desk.sql("UPDATE sweeps SET upto = '00000000-0000-0000-0000-000000000000'")


async def counted(desk: Desk) -> float:
    text = (await desk.send("GET", "/actuator/prometheus", key=OPERATOR_KEY)).body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("payment_total"))


async def dead_letters(desk: Desk) -> list[Any]:
    database = await Database.open(desk.house.databases["payment-service"].admin_url, name="look")
    try:
        return list(await LogAdmin(database).dead_letters(CONSUMER_GROUP))
    finally:
        await database.close()
