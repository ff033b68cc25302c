"""The results topic of a payment-service, written by tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.payment import PAYMENT_RESULTS, PaymentResult, Status
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.events import EventWriter, NewEvent


def result_of(
    payment_id: UUID,
    status: Status,
    *,
    amount: int = 1_000,
    captured: int = 0,
    refunded: int = 0,
    failure_code: str | None = None,
    at: datetime | None = None,
) -> NewEvent:
    """Return the event that a payment leaves, now unless ``at`` says when; both its wallets have its own number."""
    result = PaymentResult(
        payment_id=payment_id,
        status=status,
        previous="created",
        from_wallet=payment_id,
        to_wallet=payment_id,
        amount=amount,
        currency="EUR",
        amount_captured=captured,
        amount_refunded=refunded,
        actor="test",
        failure_code=failure_code,
        at=at or utc_now(),
    )
    return NewEvent(PAYMENT_RESULTS, payment_id.hex, f"payment.{status}", payment_id, msgspec.json.encode(result))


class Results:
    """Appends to the topic."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writer = EventWriter(database)

    async def append(self, *events: NewEvent) -> None:
        async with self._database.transaction() as connection:
            await self.writer.append(connection, events)
        self.writer.hint({PAYMENT_RESULTS})


@asynccontextmanager
async def open_results(url: str) -> AsyncIterator[Results]:
    database = await Database.open(url, name=PAYMENT)
    results = Results(database)
    try:
        yield results
    finally:
        await results.writer.close()
        await database.close()
