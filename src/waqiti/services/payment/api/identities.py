"""Which payment is meant."""

from uuid import UUID

from waqiti.contracts import prefixes
from waqiti.foundation import ids


def payment_id_of(text: str) -> UUID:
    """Read a payment's id.

    Raises:
        Problem: 404 ``not_found`` where it cannot be one.
    """
    return ids.parse(prefixes.PAYMENT, text, "payment")
