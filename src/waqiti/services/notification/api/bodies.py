"""What clients send."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from waqiti.contracts.public.events import EventType
from waqiti.services.notification.domain.endpoints import MAX_URL_CHARACTERS

Wanted = EventType | Literal["*"]
Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_URL_CHARACTERS,
        description="http or https, without user, password and fragment.",
        examples=["http://127.0.0.1:9000/webhooks"],
        extra_json_schema={"format": "uri"},
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class NewWebhookEndpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint to add: where to send, and what; ``["*"]`` is everything."""

    url: Url
    events: Annotated[list[Wanted], Meta(min_length=1, max_length=20, examples=[["payment.captured"]])]
    description: Text | None = None


class DisableWebhookEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing shall be sent any more."""

    reason: Text | None = None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object: there is nothing to say beside the path."""
