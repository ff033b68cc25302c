"""The state table: which status may follow which. The database holds the same table in a trigger; a test compares."""

from collections.abc import Mapping
from typing import Final

from waqiti.contracts.payment import Status

HELD: Final[frozenset[Status]] = frozenset({"in_review", "authorized"})
"""The money is held, and a clock runs."""

REFUNDABLE: Final[frozenset[Status]] = frozenset({"captured", "partially_refunded"})

_DECIDED: Final[frozenset[Status]] = frozenset({"in_review", "declined", "authorized", "captured", "failed"})
_REFUNDED: Final[frozenset[Status]] = frozenset({"partially_refunded", "refunded"})
_NOTHING: Final[frozenset[Status]] = frozenset()

TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    "created": _DECIDED | {"screening"},
    "screening": _DECIDED,
    "in_review": frozenset({"authorized", "captured", "declined", "canceled", "failed"}),
    "authorized": frozenset({"captured", "canceled", "expired", "failed"}),
    "captured": _REFUNDED,
    "partially_refunded": _REFUNDED,
    "refunded": _NOTHING,
    "declined": _NOTHING,
    "failed": _NOTHING,
    "canceled": _NOTHING,
    "expired": _NOTHING,
}


def may_become(status: Status, next_status: Status) -> bool:
    """Tell whether a payment in ``status`` may go to ``next_status``."""
    return next_status in TRANSITIONS[status]
