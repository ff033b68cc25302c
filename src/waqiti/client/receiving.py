"""What a receiver of webhooks needs: is it from the platform, and what does it say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from waqiti.client.errors import InvalidWebhook
from waqiti.foundation.security.webhooks import SignatureError, verify_signature


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook says. ``id`` is the same at every attempt and replay: do once what you do for it.

    ``type`` is one that the endpoint asked for, or ``webhook.test``; ``data`` is the event's, amounts in minor units.
    """

    id: str
    type: str
    created_at: datetime
    data: dict[str, Any]


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Return what a webhook says, once its signature and its age were checked (Standard Webhooks).

    ``secret`` is the endpoint's, ``headers`` are those of the request, in any case, ``body`` is its body as it came.

    Raises:
        InvalidWebhook: it is not to be trusted.
    """
    try:
        verify_signature(secret, headers, body)
        return msgspec.json.decode(body, type=WebhookEvent)
    except (SignatureError, msgspec.MsgspecError) as error:
        raise InvalidWebhook(str(error)) from error
