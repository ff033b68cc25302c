"""Why money did not move: the codes of a refusal, their order, and the status that each gives a payment."""

from collections.abc import Iterable
from typing import Final, Literal

CUSTOMER_NOT_ACTIVE: Final = "customer_not_active"
CUSTOMER_BLOCKED: Final = "customer_blocked"
WALLET_FROZEN: Final = "wallet_frozen"
WALLET_CLOSED: Final = "wallet_closed"
SANCTIONS_HIT: Final = "sanctions_hit"
INSUFFICIENT_FUNDS: Final = "insufficient_funds"
LIMIT_EXCEEDED: Final = "limit_exceeded"
FRAUD_DECLINED: Final = "fraud_declined"
COMPLIANCE_UNAVAILABLE: Final = "compliance_unavailable"
GIVEN_UP: Final = "given_up"

ORDER: Final = (
    CUSTOMER_BLOCKED,
    CUSTOMER_NOT_ACTIVE,
    WALLET_CLOSED,
    WALLET_FROZEN,
    SANCTIONS_HIT,
    INSUFFICIENT_FUNDS,
    LIMIT_EXCEEDED,
    FRAUD_DECLINED,
    COMPLIANCE_UNAVAILABLE,
    GIVEN_UP,
)
"""The order in which refusals are reported: where several hold, the first in this order is the one.

``customer_blocked`` stands for a customer blocked by a sanctions hit: it comes first and is shown as
``sanctions_hit``.
"""

_DECLINED: Final = frozenset({SANCTIONS_HIT, CUSTOMER_BLOCKED, LIMIT_EXCEEDED, FRAUD_DECLINED})


def first(codes: Iterable[str]) -> str | None:
    """Return the code that is reported where all of ``codes`` hold; None where there are none."""
    return min(codes, key=_rank, default=None)


def shown(code: str) -> str:
    """Return the code that a client sees."""
    return SANCTIONS_HIT if code == CUSTOMER_BLOCKED else code


def status_of(code: str) -> Literal["declined", "failed"]:
    """Return the status that a refusal by ``code`` gives a payment."""
    return "declined" if code in _DECLINED else "failed"


def _rank(code: str) -> int:
    return ORDER.index(code) if code in ORDER else len(ORDER)
