"""Payments that come at the same time are accepted together."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.support.databases import FreshDatabase
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.events import EventWriter
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain.payments import Facts
from waqiti.services.payment.store.acceptance import NewPayment
from waqiti.services.payment.usecases.accepting import Accepted, Acceptor


def new_payment() -> NewPayment:
    facts = Facts(
        id=new_id(),
        from_wallet=new_id(),
        to_wallet=new_id(),
        from_account=new_id(),
        to_account=new_id(),
        from_customer=new_id(),
        to_customer=new_id(),
        amount=1,
        currency="EUR",
        manual=False,
        fee=0,
        description=None,
        metadata=None,
        created_by="key_1",
        created_at=utc_now(),
    )
    return NewPayment(facts, hashlib.sha256(facts.id.bytes).digest(), hashlib.sha256(b"body").digest())


async def test_requests_that_are_read_one_after_the_other_are_one_commit(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    async with AsyncExitStack() as closing:
        database = await Database.open(fresh_database("payment-service").url, name="payments")
        closing.push_async_callback(database.close)
        writer = EventWriter(database)
        closing.push_async_callback(writer.close)
        acceptor, asked = Acceptor(database, writer), [new_payment() for _ in range(8)]
        accepting = []
        for payment in asked:
            accepting.append(asyncio.create_task(acceptor.accept([payment])))
            await asyncio.sleep(0)

        outcomes = [outcome for outcomes in await asyncio.gather(*accepting) for outcome in outcomes]

        assert outcomes == [Accepted(payment.facts.id, replayed=False) for payment in asked]
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM payments") == 1
