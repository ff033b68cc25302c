"""Ending reservations: by the results of payments, by asking, or as another service says."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import Resolution
from waqiti.contracts.payment import PaymentClient, PaymentResult
from waqiti.foundation.database import Connection, Database, retrying
from waqiti.foundation.events import Batch, Consumer, Event, LogAdmin
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.compliance.domain.endings import resolution
from waqiti.services.compliance.store import reservations as store

ASK_AGAIN_AFTER: Final = timedelta(minutes=10)
_ASKED_AT_ONCE: Final = 500
_RESULT: Final = msgspec.json.Decoder(PaymentResult)

_resolved: Final = counter(
    "compliance_reservations_resolved", "Reservations confirmed or released, by who said so.", ["by"]
)
_log: Final = logger(__name__)


class Resolver:
    """Ends reservations; one that has ended already stays as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._admin = LogAdmin(database)

    async def resolve(self, items: Sequence[Resolution]) -> int:
        """End the reservations of movements that are not payments; return how many were open."""
        return await retrying(lambda: self._resolve(items, "service"))

    async def follow(self, consumer: Consumer, batch: Batch) -> None:
        """End what the results of payments end, together with the consumer's mark.

        Raises:
            Fenced: another member has taken over.
        """
        async with self._database.transaction() as connection:
            results = [await self._read(connection, consumer.group, event) for event in batch.events]
            await _end(connection, _resolutions(result for result in results if result is not None), "event")
            await consumer.mark(connection, batch)

    async def ask(self, payments: PaymentClient) -> int:
        """Ask payment-service about reservations open for 10 minutes; return how many have ended.

        One that goes on, or that payment-service does not know, is asked about again 10 minutes later.
        """
        async with self._database.transaction() as connection:
            claimed = await store.claim_open(connection, _ASKED_AT_ONCE, ASK_AGAIN_AFTER)
        if not claimed:
            return 0
        states = await payments.states(claimed)
        if len(states) < len(claimed):
            _log.warning("reservations_of_unknown_payments", count=len(claimed) - len(states))
        found = [resolution(state.id, state.status, state.amount_captured) for state in states]
        endings = [ending for ending in found if ending is not None]
        return await retrying(lambda: self._resolve(endings, "asking"))

    async def _resolve(self, items: Sequence[Resolution], by: str) -> int:
        async with self._database.connection() as connection:
            return await _end(connection, items, by)

    async def _read(self, connection: Connection, group: str, event: Event) -> PaymentResult | None:
        """Read an event; one that cannot be read is put aside, and the reservation is asked about later."""
        try:
            return _RESULT.decode(event.data)
        except msgspec.MsgspecError as error:
            _log.error("event_put_aside", topic=event.topic, partition=event.partition, offset=event.offset)
            await self._admin.put_dead_letter(connection, group, event, str(error))
            return None


def _resolutions(results: Iterable[PaymentResult]) -> list[Resolution]:
    """Return the first ending of each payment: captured and then refunded is confirmed once."""
    endings: dict[UUID, Resolution] = {}
    for result in results:
        ending = resolution(result.payment_id, result.status, result.amount_captured)
        if ending is not None:
            endings.setdefault(ending.id, ending)
    return list(endings.values())


async def _end(connection: Connection, resolutions: Sequence[Resolution], by: str) -> int:
    if not resolutions:
        return 0
    count = await store.resolve(connection, resolutions)
    _resolved.labels(by).inc(count)
    return count
