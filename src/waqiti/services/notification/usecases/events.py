"""Reading events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.events import EVENT_TYPES, Event, EventType
from waqiti.foundation import ids
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.services.notification.domain.events import EventRow, Place, shown
from waqiti.services.notification.store import events as store

_END: Final = Place(datetime.max.replace(tzinfo=UTC), ids.LAST_ID)


class Listed(msgspec.Struct, frozen=True):
    """A page, newest first; ``next_before`` is where the next one goes on, None at the end."""

    events: list[Event]
    next_before: Place | None


class Events:
    """Reads; each call one connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, text: str) -> Event:
        """Read an event by the id in a path.

        Raises:
            Problem: 404 ``not_found``.
        """
        identifier = ids.parse(prefixes.EVENT, text, "event")
        async with self._database.connection() as connection:
            row = await store.find(connection, identifier, EVENT_TYPES)
        if row is None:
            raise Problem.not_found(f"There is no event {text[:64]!r}.")
        return shown(row)

    async def find(self, kind: EventType | None, payment_id: UUID | None, before: Place | None, limit: int) -> Listed:
        """List events; a page may be short although more follow, where a rare type is looked for."""
        types = EVENT_TYPES if kind is None else (kind,)
        place = before or _END
        async with self._database.connection() as connection:
            if payment_id is not None:
                found = await store.of_payment(connection, payment_id, place, types, limit + 1)
                return _listed(found, limit, None)
            found = await store.newest(connection, place, types, limit + 1)
            rest = await store.scanned_to(connection, place) if len(found) <= limit else None
        return _listed(found, limit, rest)


def _listed(found: Sequence[EventRow], limit: int, rest: Place | None) -> Listed:
    page = found[:limit]
    following = Place(page[-1].created_at, page[-1].id) if len(found) > limit else rest
    return Listed([shown(row) for row in page], following)
