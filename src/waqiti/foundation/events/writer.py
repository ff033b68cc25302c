"""Appending to the log."""

from collections.abc import Iterable, Sequence

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import store
from waqiti.foundation.events.hints import Hinter
from waqiti.foundation.events.model import NewEvent


class EventWriter:
    """Writes the topics that live in ``database``, the producer's own."""

    def __init__(self, database: Database) -> None:
        self._hinter = Hinter(database)
        self._partitions: dict[str, int] = {}

    async def append(self, connection: Connection, events: Sequence[NewEvent]) -> None:
        """Append ``events`` in one round trip; it must be the last statement before the commit.

        Offsets are taken under locks on the rows of the touched partitions, which last until the commit: the order of
        offsets is the order of commits, without gaps.
        """
        if events:
            await store.append(connection, events, await self._counts(connection, events))

    async def arguments(self, connection: Connection, events: Sequence[NewEvent]) -> tuple[list[object], ...]:
        """Return the ten arguments of the SQL function ``eventlog.append``, for a statement that does more."""
        return store.append_arguments(events, await self._counts(connection, events))

    def hint(self, topics: Iterable[str]) -> None:
        """Wake the readers of ``topics``; call it after the commit. Never blocks, and a hint lost is harmless."""
        self._hinter.hint(topics)

    async def _counts(self, connection: Connection, events: Sequence[NewEvent]) -> dict[str, int]:
        """Return the partitions of each topic: read once, for a topic's partitions are fixed when it is created."""
        if any(event.topic not in self._partitions for event in events):
            self._partitions = await store.partition_counts(connection)
        return self._partitions

    async def close(self) -> None:
        """Send the hints that are due and let go of their connection."""
        await self._hinter.close()
