"""Who asks, and about which payment."""

from uuid import UUID

from waqiti.contracts import prefixes
from waqiti.foundation import ids
from waqiti.foundation.http import Request


def actor_of(request: Request) -> str:
    """Return who asks, as it is kept with what they did."""
    return f"key:{request.principal.key_id}"


def payment_id_of(text: str) -> UUID:
    """Read a payment's id.

    Raises:
        Problem: 404 ``not_found`` where it cannot be one.
    """
    return ids.parse(prefixes.PAYMENT, text, "payment")
