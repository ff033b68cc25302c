"""Parked payments: whoever ends or finds a payment ended, nothing of it stays parked."""

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders
from tests.support.desk import open_desk, until, uuid_of
from tests.support.house import House

PARK = """
INSERT INTO parked (payment_id, parked_at, retry_at, reason) VALUES ($1, now(), now() + interval '1 hour', $2)
"""
SCREENING = "UPDATE states SET status = 'screening' WHERE id = $1"


async def test_a_payment_that_another_worker_parked_is_parked_no_longer_once_its_event_was_processed(
    house: House, deciders: Deciders
) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 400)
        await desk.sql(SCREENING, uuid_of(payment))
        await desk.sql(PARK, uuid_of(payment), "poison")
    async with open_desk(house, deciders, {}) as desk:
        ended = await desk.ends(payment["id"])

        assert ended["status"] == "captured"
        assert await desk.count("parked") == 0
        (event,) = await desk.sql("SELECT data->>'previous' AS previous FROM eventlog.events WHERE type = $1", CAPTURED)
        assert event["previous"] == "screening", "the event says what it was"
        assert await desk.balances(payer, payee) == (600, 400)


async def test_a_payment_that_waits_no_longer_is_parked_no_longer(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 400)
        await desk.ends(payment["id"])
        await desk.sql(PARK, uuid_of(payment), "away")

        async def is_released() -> bool:
            return await desk.count("parked") == 0

        await until("nothing is parked", is_released)
        assert (await desk.payment(payment["id"]))["status"] == "captured"
        assert await desk.transitions(payment["id"]) == ["created", "captured"]
        assert await desk.balances(payer, payee) == (600, 400)


CAPTURED = "payment.captured"
