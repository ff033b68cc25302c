"""Signatures of webhooks by Standard Webhooks 1.0 (https://www.standardwebhooks.com), scheme v1: HMAC-SHA256."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook, WebhookVerificationError

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


class SignatureError(Exception):
    """The message was not signed with this secret, was changed, or is older than five minutes."""


def new_secret() -> str:
    """Mint a secret: ``whsec_`` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(signing: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a message; it carries one signature for each secret of ``signing``."""
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, text) for secret in signing),
    }


def verify_signature(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Return where one of the signatures in ``headers`` (names in any case) is that of ``secret`` over ``body``.

    Raises:
        SignatureError: none is, or the timestamp is more than five minutes from now.
    """
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise SignatureError(str(error)) from error
