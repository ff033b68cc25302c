"""Webhook endpoints: made, read, switched off and on, given another secret, forgotten."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.webhooks import WebhookEndpoint, WebhookEndpointWithSecret
from waqiti.foundation import ids
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.security.webhooks import new_secret
from waqiti.foundation.telemetry import logger
from waqiti.services.notification.domain.endpoints import (
    MAX_ENDPOINTS,
    EndpointRow,
    checked_url,
    shown,
    wanted_types,
)
from waqiti.services.notification.domain.vault import Vault
from waqiti.services.notification.store import endpoints as store

FORMER_SECRET: Final = timedelta(hours=24)
"""How long deliveries are signed with the former secret too."""

_FIRST_ERROR: Final = 400
_encode: Final = msgspec.json.Encoder().encode
_log: Final = logger(__name__)

Change = Callable[[Connection, EndpointRow], Awaitable[bytes]]
"""Changes a locked endpoint and returns what the client is told of it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoint that a client asks for."""

    url: str
    events: Sequence[str]
    description: str | None


class Endpoints:
    """What is done with endpoints. Secrets are sealed, in answers that are kept under a key too."""

    def __init__(self, database: Database, vault: Vault, *, private_targets: bool) -> None:
        self._database = database
        self._vault = vault
        self._private_targets = private_targets

    async def add(self, request: RequestKey, request_id: str, asked: Asked) -> Answer:
        """Add an endpoint; the answer holds its secret.

        Raises:
            Problem: 422 where the address may be none; what ``begin`` raises.
        """
        url = checked_url(asked.url, private_targets=self._private_targets)
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return self._again(request, found)
            if await store.lock_and_count(connection) >= MAX_ENDPOINTS:
                problem = Problem.conflict(f"There are {MAX_ENDPOINTS} webhook endpoints already: delete one first.")
                return await keep_refusal(connection, request, problem, request_id)
            secret, identifier = new_secret(), found.resource_id
            sealed = self._vault.seal(secret.encode(), identifier.bytes)
            row = await store.insert(connection, identifier, url, asked.description, wanted_types(asked.events), sealed)
            _log.info("webhook_endpoint_added", endpoint_id=str(identifier))
            return await self._keep_sealed(connection, request, 201, _with_secret(row, secret))

    async def read(self, text: str) -> WebhookEndpoint:
        """Read an endpoint by the id in a path.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            row = await store.find(connection, endpoint_id(text))
        if row is None:
            raise unknown(text)
        return shown(row)

    async def newest(self, before: UUID, limit: int) -> list[EndpointRow]:
        """List endpoints, newest first."""
        async with self._database.connection() as connection:
            return await store.newest(connection, before, limit)

    async def disable(self, request: RequestKey, request_id: str, text: str, reason: str) -> Answer:
        """Send nothing any more; what waits goes on waiting, and new events pass it by."""
        return await self._set_status(request, request_id, text, reason)

    async def enable(self, request: RequestKey, request_id: str, text: str) -> Answer:
        """Send again, what has waited first."""
        return await self._set_status(request, request_id, text, None)

    async def rotate(self, request: RequestKey, request_id: str, text: str) -> Answer:
        """Give an endpoint another secret; for 24 hours deliveries are signed with the former one too."""

        async def change(connection: Connection, row: EndpointRow) -> bytes:
            secret = new_secret()
            sealed = self._vault.seal(secret.encode(), row.id.bytes)
            until = utc_now() + FORMER_SECRET
            changed = await store.set_secret(connection, row.id, sealed, row.secret, until)
            _log.info("webhook_secret_rotated", endpoint_id=str(row.id))
            return _with_secret(changed, secret)

        return await self._change(request, request_id, text, change, sealed=True)

    async def delete(self, text: str) -> None:
        """Forget an endpoint; what was on its way to it ends.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            if not await store.delete(connection, endpoint_id(text)):
                raise unknown(text)
        _log.info("webhook_endpoint_deleted", endpoint_id=text)

    async def _set_status(self, request: RequestKey, request_id: str, text: str, reason: str | None) -> Answer:
        async def change(connection: Connection, row: EndpointRow) -> bytes:
            changed = await store.set_status(connection, row.id, reason)
            _log.info("webhook_endpoint_changed", endpoint_id=str(row.id), status=changed.status)
            return _encode(shown(changed))

        return await self._change(request, request_id, text, change, sealed=False)

    async def _change(self, request: RequestKey, request_id: str, text: str, change: Change, *, sealed: bool) -> Answer:
        identifier = endpoint_id(text)
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return self._again(request, found) if sealed else replay(found)
            row = await store.lock(connection, identifier)
            if row is None:
                return await keep_refusal(connection, request, unknown(text), request_id)
            body = await change(connection, row)
            if sealed:
                return await self._keep_sealed(connection, request, 200, body)
            return await keep(connection, request, Answer(200, body))

    async def _keep_sealed(self, connection: Connection, request: RequestKey, status: int, body: bytes) -> Answer:
        await keep(connection, request, Answer(status, self._vault.seal(body, _place(request))))
        return Answer(status, body)

    def _again(self, request: RequestKey, found: Stored) -> Answer:
        if found.status >= _FIRST_ERROR:
            return replay(found)
        return Answer(found.status, self._vault.open(found.body, _place(request)), replayed=True)


def endpoint_id(text: str) -> UUID:
    """Read the id in a path.

    Raises:
        Problem: 404 ``not_found``.
    """
    return ids.parse(prefixes.WEBHOOK_ENDPOINT, text, "webhook endpoint")


def unknown(text: str) -> Problem:
    """Return the 404 of an endpoint that is not there."""
    return Problem.not_found(f"There is no webhook endpoint {text[:64]!r}.")


def _place(request: RequestKey) -> bytes:
    return request.scope + request.key.encode()


def _with_secret(row: EndpointRow, secret: str) -> bytes:
    fields = msgspec.structs.asdict(shown(row))
    return _encode(WebhookEndpointWithSecret(**fields, secret=secret, former_secret_until=row.former_until))
