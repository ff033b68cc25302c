"""Webhook endpoints and what was delivered to them."""

from typing import Literal

import msgspec

from waqiti.contracts.public.common import DeliveryId, EventId, Time, WebhookEndpointId

EndpointStatus = Literal["enabled", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed"]


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where events are sent. ``events`` are the types that it wants, or ``["*"]``."""

    id: WebhookEndpointId
    url: str
    events: list[str]
    description: str | None
    status: EndpointStatus
    disabled_reason: str | None
    created_at: Time


class WebhookEndpointWithSecret(WebhookEndpoint, frozen=True, kw_only=True):
    """An endpoint with its new secret, which is shown this once.

    Until ``former_secret_until`` deliveries carry a signature of the former secret too.
    """

    secret: str
    former_secret_until: Time | None


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what the receiver answered (the first 1 KiB), or ``error``, a code, where it was no answer."""

    number: int
    at: Time
    took_ms: int
    status_code: int | None
    error: str | None
    answer: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint; ``next_attempt_at`` is None once it has ended."""

    id: DeliveryId
    endpoint_id: WebhookEndpointId
    event_id: EventId
    event_type: str
    status: DeliveryStatus
    next_attempt_at: Time | None
    attempts: list[DeliveryAttempt]
    created_at: Time
