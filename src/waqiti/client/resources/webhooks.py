"""Webhook endpoints."""

from collections.abc import Sequence
from typing import Final

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.webhooks import Delivery, WebhookEndpoint, WebhookEndpointWithSecret

_ENDPOINTS: Final = "/v1/webhook-endpoints"


class Webhooks(Resource[Mode]):
    """Webhook endpoints and what was delivered to them."""

    @operation
    async def create(
        self,
        *,
        url: str,
        events: Sequence[str] = ("*",),
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookEndpointWithSecret:
        """Add an endpoint; its secret, which ``verify_webhook`` takes, is shown this once."""
        fields = body(url=url, events=list(events), description=description)
        return await self._transport.post(_ENDPOINTS, fields, WebhookEndpointWithSecret, idempotency_key)

    @operation
    async def list(self, *, limit: int = 20, cursor: str | None = None) -> Page[WebhookEndpoint]:
        """List endpoints, newest first."""
        return await self._transport.get(query(_ENDPOINTS, limit=limit, cursor=cursor), Page[WebhookEndpoint])

    @operation
    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Read an endpoint."""
        return await self._transport.get(_endpoint(endpoint_id), WebhookEndpoint)

    @operation
    async def disable(
        self, endpoint_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Send nothing any more; events that happen meanwhile are not sent later."""
        path = _endpoint(endpoint_id, "disable")
        return await self._transport.post(path, body(reason=reason), WebhookEndpoint, idempotency_key)

    @operation
    async def enable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookEndpoint:
        """Send again, what has waited first."""
        return await self._transport.post(_endpoint(endpoint_id, "enable"), {}, WebhookEndpoint, idempotency_key)

    @operation
    async def delete(self, endpoint_id: str) -> None:
        """Forget an endpoint; what was on its way to it ends."""
        await self._transport.delete(_endpoint(endpoint_id))

    @operation
    async def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookEndpointWithSecret:
        """Give an endpoint another secret; the former one verifies for 24 hours more."""
        path = _endpoint(endpoint_id, "rotate-secret")
        return await self._transport.post(path, {}, WebhookEndpointWithSecret, idempotency_key)

    @operation
    async def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Send a ``webhook.test``."""
        return await self._transport.post(_endpoint(endpoint_id, "test"), {}, Delivery, idempotency_key)

    @operation
    async def deliveries(
        self, endpoint_id: str, *, status: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Delivery]:
        """List deliveries with their attempts, newest first; ``status`` is pending, delivered or failed."""
        path = query(_endpoint(endpoint_id, "deliveries"), status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Delivery])

    @operation
    async def replay(self, endpoint_id: str, delivery_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Send the event of a delivery anew, under the same ``webhook-id``."""
        path = _endpoint(endpoint_id, f"deliveries/{part(delivery_id)}/replay")
        return await self._transport.post(path, {}, Delivery, idempotency_key)


def _endpoint(endpoint_id: str, action: str | None = None) -> str:
    path = f"{_ENDPOINTS}/{part(endpoint_id)}"
    return f"{path}/{action}" if action else path
