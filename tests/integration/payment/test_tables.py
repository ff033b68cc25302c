"""What the database holds by itself."""

import asyncpg
import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.desk import uuid_of
from waqiti.services.payment.domain.states import TRANSITIONS


async def test_the_trigger_knows_the_same_state_table_as_the_domain(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        statuses = list(TRANSITIONS)
        rows = await desk.sql(
            "SELECT a, b FROM unnest($1::text[]) AS a, unnest($1::text[]) AS b WHERE payment_may_become(a, b)", statuses
        )

        assert {(row["a"], row["b"]) for row in rows} == {
            (status, following) for status, all_following in TRANSITIONS.items() for following in all_following
        }


async def test_a_transition_that_is_not_in_the_table_is_refused_by_the_database(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        payment = await desk.pay(payer, payee, 100)

        for status in ("created", "screening", "authorized", "failed", "canceled"):
            with pytest.raises(asyncpg.CheckViolationError):
                await desk.sql("UPDATE states SET status = $2 WHERE id = $1", uuid_of(payment), status)
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.sql("UPDATE states SET refunded = 101 WHERE id = $1", uuid_of(payment))


async def test_the_service_cannot_change_what_was_accepted(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        await desk.pay(payer, payee, 100)
        connection = await asyncpg.connect(desk.house.databases["payment-service"].url)
        try:
            for statement in ("UPDATE payments SET amount = 1", "DELETE FROM payments", "TRUNCATE payments"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_an_automatic_payment_writes_no_more_rows_than_budgeted(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        payment = await desk.pay(payer, payee, 100)

        (row,) = await desk.sql("SELECT version FROM states WHERE id = $1", uuid_of(payment))
        events = await desk.sql("SELECT type FROM eventlog.events WHERE subject = $1", uuid_of(payment))

        assert row["version"] == 2
        assert sorted(event["type"] for event in events) == ["payment.captured", "payment.created"]
        assert [await desk.count(table) for table in ("parked", "clocks", "steps", "refunds")] == [0, 0, 0, 0]
