"""How the end of a payment resolves what it reserved."""

from typing import Final
from uuid import UUID

from waqiti.contracts.compliance import Resolution
from waqiti.contracts.payment import Status

_CONFIRMING: Final[frozenset[Status]] = frozenset({"captured", "partially_refunded", "refunded"})
_RELEASING: Final[frozenset[Status]] = frozenset({"declined", "failed", "canceled", "expired"})


def resolution(payment_id: UUID, status: Status, amount_captured: int) -> Resolution | None:
    """Return what ``status`` does to the reservation; None while the payment goes on. A refund gives nothing back."""
    if status in _CONFIRMING:
        return Resolution(payment_id, "confirm", amount_captured)
    if status in _RELEASING:
        return Resolution(payment_id, "release", 0)
    return None
