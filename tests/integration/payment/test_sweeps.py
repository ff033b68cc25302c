"""What time brings about: lost events, poison, backlogs, late payments."""

import asyncio
import time
from typing import Any

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, approve
from tests.support.desk import Desk, open_desk, until, uuid_of
from tests.support.house import House
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id

LOSE_EVENTS = "UPDATE eventlog.events SET topic = 'payment-results', type = 'payment.odd', \"offset\" = -\"offset\" - 1"
INSERT_GARBAGE = """
SELECT eventlog.append(
    ARRAY['payment-events'], ARRAY[0], ARRAY[1], ARRAY[1], ARRAY[0], ARRAY['k'], ARRAY['payment.created'],
    ARRAY[$1::uuid], ARRAY['{"no": "payment"}'], ARRAY[NULL::text]
)
"""
BEGIN_REFUND = """
INSERT INTO refunds (id, payment_id, number, amount, share, created_at, refund_fee, actor)
VALUES ($1, $2, 1, 10, 0, now() - interval '1 hour', false, 'key:test')
"""
BEGIN_VOID = """
INSERT INTO steps (id, payment_id, number, amount, created_at, kind, becomes, actor)
VALUES ($1, $2, 1, 300, now() - interval '1 hour', 'void', $3, 'key:test')
"""
QUICK = {"WAQITI_REQUEUE_AFTER_SECONDS": "1"}


async def test_a_payment_whose_event_was_lost_is_queued_again(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        lost = [await desk.accept(payer, payee, 100) for _ in range(3)]
        await desk.sql(LOSE_EVENTS)
        await desk.sql("UPDATE eventlog.partitions SET next_offset = 0 WHERE topic = 'payment-events'")
    async with open_desk(house, deciders, QUICK) as desk:
        for payment in lost:
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (700, 300)


async def test_a_backlog_is_not_queued_twice(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        waiting = [await desk.accept(payer, payee, 1) for _ in range(20)]
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

        payments = [await desk.accept(payer, payee, 1) for _ in range(10)]

        for payment in payments:
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        await until("the event is in the dead letters", lambda: is_dead(desk))
        assert [letter.subject for letter in await desk.dead_letters()] == [nobody]
        assert await desk.balances(payer, payee) == (990, 10)


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

        first, poison, last = [await desk.accept(payer, payee, amount) for amount in (12, 13, 14)]

        for payment in (first, last):
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        await desk.becomes(poison["id"], "screening")
        assert [letter.subject for letter in await desk.dead_letters()] == [uuid_of(poison)]
        after = await desk.accept(payer, payee, 15)
        assert (await desk.ends(after["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (959, 41)


async def test_a_payment_that_is_not_decided_after_thirty_seconds_is_counted_once(
    house: House, deciders: Deciders
) -> None:
    deciders.compliance = "away"
    async with open_desk(house, deciders, {}) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        before = await desk.metric("payment_total")
        payment = await desk.accept(payer, payee, 1)
        await desk.becomes(payment["id"], "screening")
        await make_older(desk, payment)

        deadline = time.monotonic() + 10
        while await desk.metric("payment_total") == before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.5)

        assert await desk.metric("payment_total") == before + 1


async def test_a_half_that_cannot_be_finished_stops_neither_other_halves_nor_clocks(open_payments: OpenDesk) -> None:
    async with open_payments(WAQITI_FINISH_AFTER_SECONDS="0.5") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        failed = await desk.pay(payer, payee, 5_000)
        odd, begun, over = [await desk.pay(payer, payee, 300, capture="manual") for _ in range(3)]
        stuck = await desk.metric("payment_stuck_total")

        await desk.sql(BEGIN_REFUND, new_id(), uuid_of(failed))
        for payment, becomes in ((odd, "declined"), (begun, "canceled")):
            await desk.sql(BEGIN_VOID, new_id(), uuid_of(payment), becomes)
            await desk.sql("UPDATE states SET steps = 1 WHERE id = $1", uuid_of(payment))
        await desk.sql("UPDATE clocks SET deadline_at = now() WHERE payment_id = $1", uuid_of(over))

        await desk.becomes(begun["id"], "canceled")
        await desk.becomes(over["id"], "expired")

        async def are_counted() -> bool:
            return await desk.metric("payment_stuck_total") >= stuck + 2

        await until("both halves that cannot be finished are counted", are_counted)
        assert (await desk.payment(odd["id"]))["status"] == "authorized", "the table of states forbids it"
        assert (await desk.payment(failed["id"]))["status"] == "failed"
        assert (await desk.account(payer)).held == 0
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_sweep_that_fails_does_not_stop_the_next(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 300, capture="manual")
        failures = await desk.metric("payment_sweep_failures_total")
        await desk.sql("REVOKE SELECT ON refunds FROM waqiti_payments")

        async def is_counted() -> bool:
            return await desk.metric("payment_sweep_failures_total") > failures

        await until("halves cannot be looked for", is_counted)
        await desk.sql("UPDATE clocks SET deadline_at = now() WHERE payment_id = $1", uuid_of(payment))
        await desk.becomes(payment["id"], "expired")
        await desk.sql("GRANT SELECT ON refunds TO waqiti_payments")

        assert (await desk.account(payer)).held == 0
        assert await desk.balances(payer, payee) == (1_000, 0)


async def is_dead(desk: Desk) -> bool:
    return bool(await desk.dead_letters())


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
