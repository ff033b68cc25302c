"""The features that rules see, and how they follow from history.

A payer's habits are those that ``waqiti.scoring`` folds, per currency, over the present 30 days and the 30 before; what
was unusual is kept as signals, one each, because rules count the different parties among them.
"""

import math
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import ScoreRequest
from waqiti.scoring.movement import Movement
from waqiti.scoring.state import MOST
from waqiti.scoring.view import View

SignalKind = Literal["outsized", "near_threshold", "declined"]

DAY: Final = timedelta(days=1)
MEMORY: Final = timedelta(days=30)
FORGET_AFTER: Final = MEMORY + timedelta(days=7)
"""When a signal is forgotten: movements that could not be scored at once ask for what was remembered before them."""

_ESTABLISHED_PAYMENTS: Final = 20
_ESTABLISHED_DAYS: Final = 10
_OUTSIZED_TIMES_TYPICAL: Final = 50
_OUTSIZED_TIMES_LARGEST: Final = 3


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one item; each field is a variable of the rules.

    - ``payer_days``: days on which the payer paid in this currency, of the last 30 to 60.
    - ``outsized``: an established payer (20 payments on 10 days) sends another customer at least 50 times the typical
      amount (geometric mean) and 3 times the largest one.
    - ``near_threshold``: 90 % to 100 % of the reporting threshold, to another customer.
    - ``outsized_payees``, ``near_threshold_payees``, ``near_threshold_payments``: of this payer, within 24 h, this item
      included.
    - ``payer_collected``, ``payer_collected_from``: the outsized amounts that the payer received within 24 h, and how
      many sent them; ``payee_collected_from`` is the same of the payee, this item included.
    - ``payee_declined_payers``: other payers whose payments to this payee were declined within 30 days.
    """

    kind: str
    amount: int
    payer_days: int
    outsized: bool = False
    near_threshold: bool = False
    outsized_payees: int = 0
    near_threshold_payees: int = 0
    near_threshold_payments: int = 0
    payer_collected: int = 0
    payer_collected_from: int = 0
    payee_collected_from: int = 0
    payee_declined_payers: int = 0


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something unusual about one payment, between customers; ``payee`` is None for a withdrawal."""

    payment_id: UUID
    kind: SignalKind
    payer: UUID
    payee: UUID | None
    amount: int
    currency: str
    at: datetime


def movement_of(item: ScoreRequest) -> Movement:
    """Return what moves, as histories see it."""
    return Movement(
        id=item.id,
        kind=item.kind,
        payer=item.from_customer,
        payee=item.to_customer,
        amount=item.amount,
        currency=item.currency,
        at=item.created_at,
    )


def is_outsized(seen: View) -> bool:
    """Tell whether the amount is far beyond what an established payer has sent before; it counts up to ``MOST``."""
    if not seen.leaves_the_payer:
        return False
    month, days = seen.payer.month, seen.payer.days
    if month.sent < _ESTABLISHED_PAYMENTS or days < _ESTABLISHED_DAYS:
        return False
    amount, typical = min(seen.movement.amount, MOST), int(math.exp(seen.payer.typical_sent))
    return amount >= _OUTSIZED_TIMES_TYPICAL * typical and amount >= _OUTSIZED_TIMES_LARGEST * month.sent_largest


def is_near(amount: int, threshold: int | None) -> bool:
    """Tell whether ``amount`` is just beneath ``threshold`` (minor units), by at most a tenth."""
    return threshold is not None and threshold * 9 <= amount * 10 < threshold * 10
