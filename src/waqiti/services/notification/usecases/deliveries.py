"""Deliveries as clients see them: listed, sent anew, and tests."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.webhooks import DeliveryStatus
from waqiti.foundation import ids
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.services.notification.domain.deliveries import DeliveryRow, shown
from waqiti.services.notification.domain.endpoints import EndpointRow
from waqiti.services.notification.domain.events import TEST_TYPE, trial_event
from waqiti.services.notification.store import deliveries as store
from waqiti.services.notification.store import endpoints, events
from waqiti.services.notification.usecases.endpoints import endpoint_id, unknown

_encode: Final = msgspec.json.Encoder().encode

Make = Callable[[Connection, EndpointRow, UUID], Awaitable[None]]
"""Makes the delivery of this id to an enabled endpoint; raises the problem that refuses it."""


class Deliveries:
    """What is done with deliveries; they are sent by the worker, within two seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, text: str, status: DeliveryStatus | None, before: UUID, limit: int) -> list[DeliveryRow]:
        """List deliveries to an endpoint with their attempts, newest first.

        Raises:
            Problem: 404 ``not_found``.
        """
        identifier = endpoint_id(text)
        statuses = store.STATUSES if status is None else (status,)
        async with self._database.connection() as connection:
            if await endpoints.find(connection, identifier) is None:
                raise unknown(text)
            return await store.newest(connection, identifier, statuses, before, limit)

    async def send_again(self, request: RequestKey, request_id: str, text: str, delivery_text: str) -> Answer:
        """Send the event of a delivery anew, as a delivery of its own; it carries the same ``webhook-id``."""
        former_id = ids.parse(prefixes.DELIVERY, delivery_text, "delivery")

        async def make(connection: Connection, endpoint: EndpointRow, delivery_id: UUID) -> None:
            former = await store.find(connection, former_id, endpoint.id)
            if former is None:
                raise Problem.not_found(f"There is no delivery {delivery_text[:64]!r} to this endpoint.")
            await store.insert(connection, delivery_id, former.event_id, former.event_type, endpoint.id)

        return await self._make(request, request_id, text, make)

    async def try_out(self, request: RequestKey, request_id: str, text: str) -> Answer:
        """Send a ``webhook.test``."""

        async def make(connection: Connection, endpoint: EndpointRow, delivery_id: UUID) -> None:
            event = trial_event(ids.derived_id(delivery_id, "event"), endpoint.id, utc_now())
            await events.insert(connection, event)
            await store.insert(connection, delivery_id, event.id, TEST_TYPE, endpoint.id)

        return await self._make(request, request_id, text, make)

    async def _make(self, request: RequestKey, request_id: str, text: str, make: Make) -> Answer:
        identifier = endpoint_id(text)
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            try:
                endpoint = await _enabled(connection, identifier, text)
                await make(connection, endpoint, found.resource_id)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            made = await store.find(connection, found.resource_id, identifier)
            assert made is not None
            return await keep(connection, request, Answer(202, _encode(shown(made))))


async def _enabled(connection: Connection, identifier: UUID, text: str) -> EndpointRow:
    endpoint = await endpoints.lock(connection, identifier)
    if endpoint is None:
        raise unknown(text)
    if endpoint.status != "enabled":
        raise Problem.conflict(f"The webhook endpoint is disabled ({endpoint.disabled_reason}): enable it first.")
    return endpoint
