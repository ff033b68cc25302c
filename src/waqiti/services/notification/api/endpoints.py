"""Webhook endpoints and their deliveries."""

from typing import Annotated, Any, Final

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.common import DeliveryId, Page, WebhookEndpointId
from waqiti.contracts.public.webhooks import (
    Delivery,
    DeliveryStatus,
    WebhookEndpoint,
    WebhookEndpointWithSecret,
)
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Request,
    json_answer,
    read_cursor,
    write_cursor,
)
from waqiti.foundation.idempotency import Answer
from waqiti.foundation.ids import LAST_ID
from waqiti.services.notification.api.bodies import DisableWebhookEndpoint, NewWebhookEndpoint, Nothing
from waqiti.services.notification.domain import deliveries as delivery_rules
from waqiti.services.notification.domain import endpoints as endpoint_rules
from waqiti.services.notification.usecases.deliveries import Deliveries
from waqiti.services.notification.usecases.endpoints import Asked, Endpoints

_LIST: Final = "webhook-endpoints"
_BASE: Final = "/v1/webhook-endpoints"
_ONE: Final = _BASE + "/{endpoint_id:str}"
_BY_CLIENT: Final = "disabled by a client"

EndpointPath = FromPath[WebhookEndpointId]
StatusParameter = Annotated[DeliveryStatus | None, QueryParameter(description="A status.")]


def endpoint_routes(endpoints: Endpoints) -> list[ControllerRouterHandler]:
    """Return the routes of endpoints themselves."""

    @post(_BASE, status_code=201, operation_id="create_webhook_endpoint")
    async def create(request: Request, data: JSONBody[NewWebhookEndpoint]) -> Response[WebhookEndpointWithSecret]:
        """Add an endpoint, of 20 at most. Its secret is shown this once: the signatures are made with it."""
        asked = Asked(url=data.url, events=data.events, description=data.description)
        return _respond(await endpoints.add(request.request_key, request.incoming.request_id, asked))

    @get(_BASE, operation_id="list_webhook_endpoints")
    async def list_all(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[WebhookEndpoint]:
        """List endpoints, newest first."""
        position = read_cursor(cursor, of=_LIST)
        found = await endpoints.newest(position.id if position else LAST_ID, limit + 1)
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        following = write_cursor(last.created_at, last.id, of=_LIST) if last else None
        return Page([endpoint_rules.shown(row) for row in page], following)

    @get(_ONE, operation_id="read_webhook_endpoint")
    async def read(endpoint_id: EndpointPath) -> WebhookEndpoint:
        """Read an endpoint."""
        return await endpoints.read(endpoint_id)

    @delete(_ONE, status_code=204, operation_id="delete_webhook_endpoint")
    async def forget(endpoint_id: EndpointPath) -> None:
        """Forget an endpoint; what was on its way to it ends."""
        await endpoints.delete(endpoint_id)

    @post(_ONE + "/disable", status_code=200, operation_id="disable_webhook_endpoint")
    async def disable(
        request: Request, endpoint_id: EndpointPath, data: JSONBody[DisableWebhookEndpoint]
    ) -> Response[WebhookEndpoint]:
        """Send nothing any more. What waits goes on waiting; events that happen meanwhile are not sent later."""
        key, request_id = request.request_key, request.incoming.request_id
        return _respond(await endpoints.disable(key, request_id, endpoint_id, data.reason or _BY_CLIENT))

    @post(_ONE + "/enable", status_code=200, operation_id="enable_webhook_endpoint")
    async def enable(
        request: Request,
        endpoint_id: EndpointPath,
        data: JSONBody[Nothing],  # noqa: ARG001 - an empty object, and nothing else
    ) -> Response[WebhookEndpoint]:
        """Send again, what has waited first."""
        return _respond(await endpoints.enable(request.request_key, request.incoming.request_id, endpoint_id))

    @post(_ONE + "/rotate-secret", status_code=200, operation_id="rotate_webhook_secret")
    async def rotate(
        request: Request,
        endpoint_id: EndpointPath,
        data: JSONBody[Nothing],  # noqa: ARG001 - an empty object, and nothing else
    ) -> Response[WebhookEndpointWithSecret]:
        """Give an endpoint another secret; for 24 hours deliveries carry a signature of the former one too."""
        return _respond(await endpoints.rotate(request.request_key, request.incoming.request_id, endpoint_id))

    return [create, list_all, read, forget, disable, enable, rotate]


def delivery_routes(deliveries: Deliveries) -> list[ControllerRouterHandler]:
    """Return the routes of deliveries."""

    @post(_ONE + "/test", status_code=202, operation_id="test_webhook_endpoint")
    async def try_out(
        request: Request,
        endpoint_id: EndpointPath,
        data: JSONBody[Nothing],  # noqa: ARG001 - an empty object, and nothing else
    ) -> Response[Delivery]:
        """Send a ``webhook.test`` to an endpoint."""
        return _respond(await deliveries.try_out(request.request_key, request.incoming.request_id, endpoint_id))

    @get(_ONE + "/deliveries", operation_id="list_webhook_deliveries")
    async def list_all(
        endpoint_id: EndpointPath,
        status: StatusParameter = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[Delivery]:
        """List what was sent to an endpoint in the last 30 days, or is on its way, newest first."""
        name = f"deliveries to {endpoint_id}"
        position = read_cursor(cursor, of=name)
        found = await deliveries.newest(endpoint_id, status, position.id if position else LAST_ID, limit + 1)
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        following = write_cursor(last.created_at, last.id, of=name) if last else None
        return Page([delivery_rules.shown(row) for row in page], following)

    @post(_ONE + "/deliveries/{delivery_id:str}/replay", status_code=202, operation_id="replay_webhook_delivery")
    async def send_again(
        request: Request,
        endpoint_id: EndpointPath,
        delivery_id: FromPath[DeliveryId],
        data: JSONBody[Nothing],  # noqa: ARG001 - an empty object, and nothing else
    ) -> Response[Delivery]:
        """Send the event of a delivery anew, under the same ``webhook-id``; this is a delivery of its own."""
        key, request_id = request.request_key, request.incoming.request_id
        return _respond(await deliveries.send_again(key, request_id, endpoint_id, delivery_id))

    return [try_out, list_all, send_again]


def _respond(answer: Answer) -> Response[Any]:
    return json_answer(answer.body, answer.status, replayed=answer.replayed)
