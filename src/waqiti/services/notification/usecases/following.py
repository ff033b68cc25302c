"""Results of payments become events for the outside, and deliveries to whoever wants them."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from waqiti.contracts.payment import PaymentResult, event_id
from waqiti.foundation.database import Database
from waqiti.foundation.events import Batch, Consumer, Event, LogAdmin
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.notification.domain.endpoints import wants
from waqiti.services.notification.domain.events import EventRow, public_event
from waqiti.services.notification.store import endpoints, events
from waqiti.services.notification.store.endpoints import Wanting
from waqiti.services.notification.store.events import NewDelivery

_RESULT: Final = msgspec.json.Decoder(PaymentResult)

_kept: Final = counter("notification_events", "Events for the outside, by type.", ["type"])
_log: Final = logger(__name__)
_level: Final = logging.getLogger(__name__)


class Unreadable(msgspec.Struct, frozen=True):
    """An event of the log that is no result of a payment."""

    event: Event
    error: str


class Following:
    """Keeps events; ``wake`` is called when deliveries were made."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._admin = LogAdmin(database)
        self._wake = wake

    async def follow(self, consumer: Consumer, batch: Batch) -> None:
        """Keep what a batch tells, its deliveries and the consumer's mark together, in one round trip.

        Raises:
            Fenced: another member has taken over.
        """
        rows, unreadable = _read(batch.events)
        async with self._database.connection() as connection:
            wanting = await endpoints.wanting(connection)
        deliveries = deliveries_of(rows, wanting)
        work = self._database.transaction() if unreadable else self._database.connection()
        with consumer.fencing(batch):
            async with work as connection:
                for found in unreadable:
                    await self._admin.put_dead_letter(connection, consumer.group, found.event, found.error)
                await events.keep(connection, rows, deliveries, consumer.mark_arguments(batch))
        _tell(rows, deliveries)
        if deliveries:
            self._wake()


def deliveries_of(rows: Sequence[EventRow], wanting: Sequence[Wanting]) -> list[NewDelivery]:
    """Return a delivery for each event and each endpoint that wants it."""
    return [
        NewDelivery(new_id(), row.id, endpoint.id)
        for endpoint in wanting
        for row in rows
        if wants(endpoint.events, row.type)
    ]


def _read(logged: Sequence[Event]) -> tuple[list[EventRow], list[Unreadable]]:
    rows, unreadable = [], []
    for event in logged:
        try:
            result = _RESULT.decode(event.data)
        except msgspec.MsgspecError as error:
            _log.error("event_put_aside", topic=event.topic, partition=event.partition, offset=event.offset)
            unreadable.append(Unreadable(event, str(error)))
            continue
        row = public_event(result, event_id(result.payment_id, event.topic, event.partition, event.offset))
        if row is not None:
            rows.append(row)
    return rows, unreadable


def _tell(rows: Sequence[EventRow], deliveries: Sequence[NewDelivery]) -> None:
    """The log channel: a line with counts for a batch, and one for each event at DEBUG."""
    counts = Counter(row.type for row in rows)
    for kind, count in counts.items():
        _kept.labels(kind).inc(count)
    if rows:
        _log.info("events_kept", deliveries=len(deliveries), **counts)
    if _level.isEnabledFor(logging.DEBUG):
        for row in rows:
            _log.debug("event_kept", event_id=str(row.id), type=row.type, subject=str(row.subject))
