"""The review queue: what goes into it and out of it, as other services say."""

from collections.abc import Sequence
from typing import Final

import msgspec

from waqiti.contracts.casework import (
    DISPUTE_OPENED,
    DISPUTE_RESOLVED,
    PAYMENT_CASEWORK,
    REVIEW_DUE,
    REVIEW_OVER,
    DisputeEvent,
)
from waqiti.contracts.reviews import ReviewDue, ReviewOver
from waqiti.foundation.database import Connection, Database, retrying
from waqiti.foundation.events import Batch, Consumer, Event, LogAdmin
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.fraud.domain.labels import finding_of
from waqiti.services.fraud.store import dossiers, labels
from waqiti.services.fraud.usecases.learning import learn

Item = ReviewDue | ReviewOver
Casework = Item | DisputeEvent

_DECODERS: Final[dict[str, msgspec.json.Decoder[Casework]]] = {
    REVIEW_DUE: msgspec.json.Decoder(ReviewDue),
    REVIEW_OVER: msgspec.json.Decoder(ReviewOver),
    DISPUTE_OPENED: msgspec.json.Decoder(DisputeEvent),
    DISPUTE_RESOLVED: msgspec.json.Decoder(DisputeEvent),
}

_put_aside: Final = counter("fraud_casework_put_aside", "Events about casework that could not be read.")
_log: Final = logger(__name__)


class Queue:
    """Takes in what is due and what is over; twice is no error."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._admin = LogAdmin(database)

    async def take(self, items: Sequence[Item]) -> int:
        """Take in what another service says; return how many items there were.

        Raises:
            DependencyUnavailable: the database does not answer.
        """

        async def work() -> None:
            async with self._database.transaction() as connection:
                await _take(connection, items)

        await retrying(work)
        return len(items)

    async def follow(self, consumer: Consumer, batch: Batch) -> None:
        """Take in events about casework, together with the consumer's mark.

        Raises:
            Fenced: another member has taken over.
        """
        async with self._database.transaction() as connection:
            read = [await self._read(connection, consumer.group, event) for event in batch.events]
            await _take(connection, [item for item in read if isinstance(item, ReviewDue | ReviewOver)])
            await _hear(connection, [item for item in read if isinstance(item, DisputeEvent)])
            await consumer.mark(connection, batch)

    async def _read(self, connection: Connection, group: str, event: Event) -> Casework | None:
        """Read an event; one that cannot be read is put aside."""
        try:
            if event.type not in _DECODERS:
                raise msgspec.ValidationError(f"{PAYMENT_CASEWORK} has no events of type {event.type!r}")
            return _DECODERS[event.type].decode(event.data)
        except msgspec.MsgspecError as error:
            _put_aside.inc()
            _log.error("event_put_aside", topic=event.topic, partition=event.partition, offset=event.offset)
            await self._admin.put_dead_letter(connection, group, event, str(error))
            return None


async def _take(connection: Connection, items: Sequence[Item]) -> None:
    """Take items in, in their order."""
    if not items:
        return
    before = await dossiers.hold(connection, {item.subject_id: item.subject for item in items})
    after = dict(before)
    for item in items:
        dossier = after[item.subject_id]
        after[item.subject_id] = dossier.due(item, new_id) if isinstance(item, ReviewDue) else dossier.over(item)
    await dossiers.write(connection, before, after)


async def _hear(connection: Connection, disputes: Sequence[DisputeEvent]) -> None:
    """Note how disputes stand, and what their ends say about payments."""
    found = [finding for dispute in disputes if (finding := finding_of(dispute)) is not None]
    await labels.write_disputes(connection, _as_they_stand(disputes))
    await learn(connection, list({finding.origin: finding for finding in found}.values()))


def _as_they_stand(disputes: Sequence[DisputeEvent]) -> list[DisputeEvent]:
    """Return each dispute once, resolved where it has been."""
    standing: dict[object, DisputeEvent] = {}
    for dispute in disputes:
        known = standing.get(dispute.dispute_id)
        if known is None or known.status == "open":
            standing[dispute.dispute_id] = dispute
    return list(standing.values())
