"""What operators read straight from the databases: stuck payments, and the life of one."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.integration.payment.test_poison import choke_on_thirteen
from tests.support.databases import FreshDatabase
from tests.support.deciders import Deciders
from tests.support.desk import Desk, open_desk, until, uuid_of
from tests.support.house import House
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT
from waqiti.foundation.clock import utc_now
from waqiti.foundation.ids import new_id
from waqiti.operations.facts.reading import Source, Unreadable, read_fact
from waqiti.operations.payments.explaining import Explained, explain
from waqiti.operations.payments.stuck import Stuck, find_stuck

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"
AT_ONCE = timedelta()
LOSE_EVENT = """
UPDATE eventlog.events SET topic = 'payment-results', type = 'payment.odd', "offset" = -"offset" - 1
WHERE subject = $1
"""
PATIENT = {"WAQITI_FRAUD_PATIENCE_SECONDS": "3600", "WAQITI_REQUEUE_AFTER_SECONDS": "3600"}


def databases(house: House) -> Mapping[str, str]:
    """The databases of this house; those of who decides are away."""
    return {
        FRAUD: NOBODY,
        COMPLIANCE: NOBODY,
        PAYMENT: house.databases[PAYMENT].url,
        LEDGER: house.databases[LEDGER].url,
    }


async def stuck(house: House, older: timedelta = AT_ONCE, **options: Any) -> Stuck:
    return await find_stuck(databases(house), older, utc_now() + timedelta(milliseconds=5), **options)


async def life(house: House, payment: Any) -> Explained:
    return await explain(databases(house), uuid_of(payment), utc_now())


def reasons(found: Stuck) -> dict[str, str]:
    return {one.id: one.reason for one in found.listed}


async def test_what_is_stuck_is_told_apart_by_why(house: House, deciders: Deciders) -> None:
    async with open_desk(house, deciders, {}, role="api") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        queued, lost = [await desk.accept(payer, payee, amount) for amount in (100, 20)]
        await desk.sql(LOSE_EVENT, uuid_of(lost))
        yen = await desk.accept(await desk.wallet(9, "JPY"), await desk.wallet(0, "JPY"), 3, currency="JPY")

        found = await stuck(house)

        assert reasons(found) == {queued["id"]: "queued", lost["id"]: "lost", yen["id"]: "queued"}
        assert [(one.currency, one.payments, one.amount) for one in found.amounts] == [("EUR", 2, 120), ("JPY", 1, 3)]
        assert found.unreadable == []
        assert (await stuck(house, timedelta(seconds=30))).payments == 0, "they are young"
        few = await stuck(house, limit=1)
        assert (few.payments, [one.id for one in few.listed]) == (3, [queued["id"]])
        for forget in ("DELETE FROM states", "DELETE FROM payments"):
            await desk.sql(forget)


async def test_what_waits_for_a_service_and_what_is_poison_are_parked_and_people_are_not_stuck(
    open_payments: OpenDesk, house: House, deciders: Deciders
) -> None:
    deciders.score = choke_on_thirteen
    async with open_payments(**PATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        held = await desk.pay(payer, payee, 50, capture="manual")
        poison = await desk.accept(payer, payee, 13)
        await until("it is poison", lambda: is_parked(desk, poison, "poison"))
        deciders.compliance = "away"
        away = await desk.accept(payer, payee, 14)
        await until("it waits", lambda: is_parked(desk, away, "away"))

        found = await stuck(house, held=True)

        assert reasons(found) == {poison["id"]: "poison", away["id"]: "away"}
        (first, second) = found.listed
        assert first.next_try_at is not None
        assert first.next_try_at > found.at
        assert (second.waits_for, second.next_try_at) == (None, None)
        assert [(one.fact, one.source) for one in found.unreadable] == [("answers", FRAUD), ("answers", COMPLIANCE)]
        assert [(one.status, one.payments, one.amount) for one in found.held] == [("authorized", 1, 50)]

        told = await life(house, poison)
        assert "fraud-service: 422 invalid_request: Thirteen is too much): mend that and redrive it" in told.stands
        assert any("could not be processed" in moment.what for moment in told.timeline)
        assert (await life(house, held)).stands.startswith("0.50 EUR are held until the client captures or voids")

        deciders.compliance = "well"
        assert (await desk.ends(away["id"]))["status"] == "captured"


async def is_parked(desk: Desk, payment: Any, reason: str) -> bool:
    found = await desk.sql("SELECT reason FROM parked WHERE payment_id = $1", uuid_of(payment))
    return [row["reason"] for row in found] == [reason]


async def test_a_life_has_every_step_every_entry_and_its_running_balance(open_payments: OpenDesk, house: House) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 400, capture="manual", fee=40)
        assert (await desk.act(payment["id"], "capture", {"amount": 300})).status == 200
        assert (
            await desk.act(payment["id"], "refunds", {"amount": 100, "refund_fee": True, "reason": "Ana asked."})
        ).status == 201

        told = await life(house, payment)

        assert told.payment is not None
        assert (told.payment.status, told.payment.amount_captured, told.payment.amount_refunded) == (
            "partially_refunded",
            300,
            100,
        )
        assert [(one.transfer, one.account, one.amount, one.balance, one.held) for one in told.entries] == [
            ("payment", "payer", 0, 1_000, 400),
            ("capture", "payer", -300, 700, 0),
            ("capture", "payee", 300, 300, 0),
            ("fee of capture", "payee", -30, 270, 0),
            ("fee of capture", "fees", 30, 30, 0),
            ("fee of refund 1", "fees", -10, 20, 0),
            ("fee of refund 1", "payee", 10, 280, 0),
            ("refund 1", "payee", -100, 180, 0),
            ("refund 1", "payer", 100, 800, 0),
        ]
        assert [one.resolved_by for one in told.holds] == ["capture"]
        assert [(one.amount, one.status) for one in told.refunds] == [(100, "succeeded")]
        assert "Ana asked" not in repr(told), "what people write stays with the refund"
        statuses = [moment.what.split()[0] for moment in told.timeline if moment.what.split()[0].isupper()]
        assert statuses == ["CREATED", "AUTHORIZED", "CAPTURED", "PARTIALLY_REFUNDED"]
        assert [moment.at for moment in told.timeline] == sorted(moment.at for moment in told.timeline)
        assert told.fraud is not None, "what payment-service was told stands in for the database that is away"
        assert [(one.fact, one.source) for one in told.unreadable] == [
            ("reviews", FRAUD),
            ("score", FRAUD),
            ("screening", COMPLIANCE),
        ]
        assert told.traces


DECIDE = """
INSERT INTO decisions (id, from_wallet, from_customer, amount, created_at, score, currency, kind, outcome, reasons)
VALUES ($1, $1, $1, 400, now(), 0.42, 'EUR', 'payment', 'approve', '[{"code": "velocity", "detail": "Many."}]')
"""
SCREEN = """
INSERT INTO reservations (id, customer_id, amount, counted, day, currency, kind, state, outcome)
VALUES ($1, $1, 400, 400, now()::date, 'EUR', 'payment', 'confirmed', 'clear')
"""


async def test_who_has_decided_is_read_where_it_decided(
    house: House, deciders: Deciders, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    fraud, compliance = fresh_database(FRAUD), fresh_database(COMPLIANCE)
    whole = {**databases(house), FRAUD: fraud.url, COMPLIANCE: compliance.url}
    deciders.fraud = deciders.compliance = "away"
    async with open_desk(house, deciders, PATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 400)
        await until("it waits", lambda: is_parked(desk, payment, "away"))

        async def waits_for() -> str | None:
            (row,) = (await find_stuck(whole, AT_ONCE, utc_now() + timedelta(milliseconds=5))).listed
            told = await explain(whole, uuid_of(payment), utc_now())
            assert told.unreadable == []
            assert told.payment is not None
            assert told.payment.waits_for == row.waits_for
            return row.waits_for

        assert await waits_for() == FRAUD
        await execute(fraud, DECIDE, uuid_of(payment))
        assert await waits_for() == COMPLIANCE
        await execute(compliance, SCREEN, uuid_of(payment))
        assert await waits_for() == LEDGER

        told = await explain(whole, uuid_of(payment), utc_now())
        assert told.fraud is not None
        assert (told.fraud.score, [reason.code for reason in told.fraud.reasons]) == (0.42, ["velocity"])
        assert told.compliance is not None
        assert (told.compliance.outcome, told.compliance.limits) == ("clear", "confirmed")
        assert (told.reviews, told.disputes, told.deliveries) == ([], [], [])
        deciders.fraud = deciders.compliance = "well"
        assert (await desk.ends(payment["id"]))["status"] == "captured"


async def execute(database: FreshDatabase, statement: str, *arguments: object) -> None:
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute(statement, *arguments)
    await connection.close()


REVIEW = """
INSERT INTO reviews (id, subject_id, from_wallet, amount, opened_at, decided_at, round, subject, kind, status, currency,
                     reasons, decided_by, reason, label)
VALUES ($2, $1, $1, 400, now(), now() + interval '1 minute', 1, 'payment', 'fraud', 'approved', 'EUR', '[]', 'key_ana',
        'Known.', 'legitimate')
"""
VERDICT = """
INSERT INTO verdicts (subject_id, round, decided_at, next_at, told_at, subject, state, outcome, approved, actor, reason,
                      answer)
VALUES ($1, 1, now(), now(), now() + interval '2 minutes', 'payment', 'told', 'approve', ARRAY['fraud'], 'key_ana',
        'Known.', 'captured')
"""


async def test_what_people_said_is_part_of_the_life(
    open_payments: OpenDesk, house: House, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    fraud = fresh_database(FRAUD)
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 400)
        body = {"kind": "fraud", "detail": "Ana Silva did not pay this."}
        assert (await desk.act(payment["id"], "disputes", body)).status == 201
        await execute(fraud, REVIEW, uuid_of(payment), new_id())
        await execute(fraud, VERDICT, uuid_of(payment))

        told = await explain({**databases(house), FRAUD: fraud.url}, uuid_of(payment), utc_now())

        assert [(one.kind, one.status, one.label) for one in told.reviews] == [("fraud", "approved", "legitimate")]
        assert [(one.kind, one.status) for one in told.disputes] == [("fraud", "open")]
        said = [moment.what for moment in told.timeline]
        for what in (
            "dispute opened: fraud",
            "review opened: fraud",
            "review fraud approved, labelled legitimate",
            "verdict told: approve; payment-service: captured",
        ):
            assert what in said, said
        assert "Ana Silva" not in repr(told)


async def test_a_payment_that_is_not_there_is_not_explained(house: House) -> None:
    told = await explain(databases(house), new_id(), utc_now())

    assert (told.payment, told.stands) == (None, "There is no such payment.")


async def test_a_fact_that_takes_too_long_is_given_up_and_named(house: House) -> None:
    source = Source(PAYMENT, house.databases[PAYMENT].url)

    slow = await read_fact("slow", source, lambda connection: connection.execute("SELECT pg_sleep(5)"), seconds=0.2)
    writing = await read_fact("writing", source, lambda connection: connection.execute("DELETE FROM parked"))
    hanging = await read_fact("hanging", source, lambda _: asyncio.sleep(5), seconds=0.2)

    assert isinstance(slow, Unreadable)
    assert (slow.fact, slow.source, slow.away) == ("slow", PAYMENT, False)
    assert slow.after_ms < 2_000
    assert isinstance(writing, Unreadable)
    assert "read-only" in writing.error
    assert isinstance(hanging, Unreadable)
    assert hanging.error == "no answer within 0.2 s"


@pytest.mark.parametrize("fact", ["stuck", "explain"])
async def test_with_every_database_away_it_is_said_and_nothing_is_guessed(fact: str) -> None:
    nowhere = dict.fromkeys((FRAUD, COMPLIANCE, PAYMENT, LEDGER), NOBODY)
    if fact == "stuck":
        found = await find_stuck(nowhere, AT_ONCE, utc_now())
        assert {one.fact for one in found.unreadable} == {"stuck_payments", "stuck_totals"}
        assert all(one.away for one in found.unreadable)
    else:
        told = await explain(nowhere, new_id(), utc_now())
        assert "cannot be known now" in told.stands
        assert {one.source for one in told.unreadable} == {FRAUD, COMPLIANCE, PAYMENT, LEDGER}
