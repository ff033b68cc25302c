"""Why money did not move: the codes, their order, the status that each gives, and the sentence that clients read."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from waqiti.contracts.fraud import Reason

CUSTOMER_BLOCKED: Final = "customer_blocked"
CUSTOMER_NOT_ACTIVE: Final = "customer_not_active"
WALLET_CLOSED: Final = "wallet_closed"
WALLET_FROZEN: Final = "wallet_frozen"
SANCTIONS_HIT: Final = "sanctions_hit"
INSUFFICIENT_FUNDS: Final = "insufficient_funds"
LIMIT_EXCEEDED: Final = "limit_exceeded"
FRAUD_DECLINED: Final = "fraud_declined"
COMPLIANCE_UNAVAILABLE: Final = "compliance_unavailable"
GIVEN_UP: Final = "given_up"
REVIEW_EXPIRED: Final = "review_expired"
RAIL_FAILED: Final = "rail_failed"

Status = Literal["declined", "failed"]


class _Meaning(msgspec.Struct, frozen=True):
    """The status that a code gives, and what a client is told."""

    status: Status
    sentence: str


_SCREENED: Final = _Meaning("declined", "Screening refused it.")

_REFUSALS: Final = {
    CUSTOMER_BLOCKED: _SCREENED,
    CUSTOMER_NOT_ACTIVE: _Meaning("failed", "A customer on one side is not active."),
    WALLET_CLOSED: _Meaning("failed", "A wallet is closed."),
    WALLET_FROZEN: _Meaning("failed", "A wallet is frozen."),
    SANCTIONS_HIT: _SCREENED,
    INSUFFICIENT_FUNDS: _Meaning("failed", "The wallet does not hold enough."),
    LIMIT_EXCEEDED: _Meaning("declined", "It would pass a limit of the customer's tier."),
    FRAUD_DECLINED: _Meaning("declined", "The risk of fraud is too high."),
    COMPLIANCE_UNAVAILABLE: _Meaning("failed", "It could not be screened in time."),
    GIVEN_UP: _Meaning("failed", "It could not be decided in time."),
    REVIEW_EXPIRED: _Meaning("declined", "Nobody decided the review in time."),
    RAIL_FAILED: _Meaning("failed", "The rail refused it."),
}
_OVER_BALANCE: Final = "The receiving wallet would hold more than the tier of its customer allows."
_OF_THE_LEDGER: Final = _Meaning("failed", "The ledger refused the transfer.")

ORDER: Final = tuple(_REFUSALS)
"""The order in which refusals are reported: where several hold, the first in this order is the one.

``customer_blocked`` stands for a customer blocked by a sanctions hit: it comes first and is shown as
``sanctions_hit``. What stands behind ``given_up`` comes after a hold was made and is never one of several.
"""

_RANKS: Final = {code: rank for rank, code in enumerate(ORDER)}


def first(codes: Iterable[str]) -> str | None:
    """Return the code that is reported where all of ``codes`` hold; None where there are none."""
    return min(codes, key=_rank, default=None)


def shown(code: str) -> str:
    """Return the code that a client sees."""
    return SANCTIONS_HIT if code == CUSTOMER_BLOCKED else code


def status_of(code: str) -> Status:
    """Return the status that a refusal by ``code`` gives; one of the ledger's own fails."""
    return _REFUSALS.get(code, _OF_THE_LEDGER).status


def sentence(code: str) -> str:
    """Return what a client is told of ``code``."""
    return _REFUSALS.get(code, _OF_THE_LEDGER).sentence


def detail(code: str, reasons: Iterable[Reason]) -> str:
    """Return what a client is told of ``code`` where screening gave ``reasons``: of a limit, which one.

    The ledger knows the one limit that screening cannot look at: what a wallet may hold.
    """
    if code != LIMIT_EXCEEDED:
        return sentence(code)
    return next((reason.detail for reason in reasons if reason.code == code), _OVER_BALANCE)


def _rank(code: str) -> int:
    return _RANKS.get(code, len(ORDER))
