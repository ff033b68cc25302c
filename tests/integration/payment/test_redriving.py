"""An operator moves payments on that stand still; whatever runs beside it, money moves once."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.integration.payment.conftest import OpenDesk
from tests.integration.payment.test_poison import choke_on_thirteen
from tests.support.deciders import Deciders, approve
from tests.support.desk import Desk, open_desk, until, uuid_of
from tests.support.house import API_KEY, OPERATOR_KEY, House
from waqiti.contracts.payment import REDRIVE_PATH
from waqiti.foundation.ids import encode, new_id

# Never by itself within a test: what moves is moved by the operator.
UNHURRIED = {"WAQITI_REQUEUE_AFTER_SECONDS": "3600", "WAQITI_FRAUD_PATIENCE_SECONDS": "3600"}
LOSE_EVENTS = "UPDATE eventlog.events SET topic = 'payment-results', type = 'payment.odd', \"offset\" = -\"offset\" - 1"
START_OVER = "UPDATE eventlog.partitions SET next_offset = 0 WHERE topic = 'payment-events'"
REQUEUED = "SELECT count(*) AS events FROM eventlog.events WHERE subject = $1 AND type = 'payment.requeued'"


async def redrive(desk: Desk, *ids: str) -> list[tuple[str, str | None]]:
    body = {"ids": list(ids)}
    answer = await desk.send("POST", REDRIVE_PATH, body, key=OPERATOR_KEY)
    assert answer.status == 200, answer
    found: Sequence[Any] = answer.document()["payments"]
    assert [one["id"] for one in found] == list(dict.fromkeys(ids))
    return [(one["action"], one["status"]) for one in found]


async def requeued(desk: Desk, payment: Any) -> int:
    (row,) = await desk.sql(REQUEUED, uuid_of(payment))
    return int(row["events"])


async def test_a_payment_whose_event_was_lost_is_queued_again_once(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, UNHURRIED, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 100)
        await desk.sql(LOSE_EVENTS)
        await desk.sql(START_OVER)

        assert await redrive(desk, payment["id"]) == [("requeued", "created")]
        assert await redrive(desk, payment["id"]) == [("in_line", "created")]
        assert await requeued(desk, payment) == 1
    async with open_desk(house, deciders, UNHURRIED) as desk:
        assert (await desk.ends(payment["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (900, 100)
        assert await redrive(desk, payment["id"]) == [("not_waiting", "captured")]


async def test_a_payment_that_stands_in_line_is_left_there(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, UNHURRIED, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 100)

        assert await redrive(desk, payment["id"]) == [("in_line", "created")]
        assert await requeued(desk, payment) == 0
    async with open_desk(house, deciders, UNHURRIED) as desk:
        assert (await desk.ends(payment["id"]))["status"] == "captured"


async def test_poison_is_asked_about_at_once(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = choke_on_thirteen
    async with open_payments(**UNHURRIED) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 13)
        await until("it is parked as poison", lambda: is_poison(desk, uuid_of(payment)))
        deciders.score = approve

        assert await redrive(desk, payment["id"]) == [("retried", "screening")]
        assert (await desk.ends(payment["id"]))["status"] == "captured"
        assert await desk.balances(payer, payee) == (987, 13)


async def test_redriven_while_it_is_being_decided_again_and_again_it_is_captured_once(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.fraud = "away"
    async with open_payments(**UNHURRIED) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        parked = [await desk.accept(payer, payee, 10) for _ in range(5)]
        for payment in parked:
            await desk.becomes(payment["id"], "screening")
        ids = [payment["id"] for payment in parked]

        deciders.fraud = "well"
        deciders.before_scoring = lambda: asyncio.sleep(0.05)
        fresh = [await desk.accept(payer, payee, 10) for _ in range(5)]
        ids += [payment["id"] for payment in fresh]
        answers = await asyncio.gather(*(redrive(desk, *ids) for _ in range(8)))

        assert {action for answer in answers for action, _ in answer} <= {"requeued", "in_line", "not_waiting"}
        for payment_id in ids:
            assert (await desk.ends(payment_id))["status"] == "captured"
            assert (await desk.transitions(payment_id)).count("captured") == 1
        assert await desk.balances(payer, payee) == (900, 100)
        assert (await desk.count("parked"), await desk.dead_letters()) == (0, [])


async def test_what_there_is_not_is_said_and_only_operators_may_ask(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        nobody = encode("pay", new_id())
        body = {"ids": [nobody]}

        assert await redrive(desk, nobody) == [("unknown", None)]
        assert (await desk.send("POST", REDRIVE_PATH, body, key=API_KEY)).status == 403
        odd = await desk.send("POST", REDRIVE_PATH, body | {"ids": [nobody, "pay_odd"]}, key=OPERATOR_KEY)
        assert (odd.status, odd.problem()["errors"][0]["pointer"]) == (422, "/ids/1")


async def is_poison(desk: Desk, payment: UUID) -> bool:
    return bool(await desk.sql("SELECT FROM parked WHERE payment_id = $1 AND reason = 'poison'", payment))
