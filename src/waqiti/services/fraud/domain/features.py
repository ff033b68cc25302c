"""The features that rules see, and how they follow from history.

A payer's history is a profile per currency, folded over the present 30 days and the 30 before; what was unusual is kept
as signals, one each, because rules count the different parties among them.
"""

import math
from datetime import date, datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import ScoreRequest

SignalKind = Literal["outsized", "near_threshold", "declined"]

PERIOD_DAYS: Final = 30
DAY: Final = timedelta(days=1)
MEMORY: Final = timedelta(days=30)
LOG_SCALE: Final = 1_000

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


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Payments folded over one period of 30 days; ``log_total`` sums 1,000 ln(amount) so that a mean can be had."""

    payments: int = 0
    days: int = 0
    log_total: int = 0
    largest: int = 0
    last_day: date = date.min

    @classmethod
    def of(cls, amount: int, day: date) -> Self:
        """Return the profile of one payment."""
        return cls(payments=1, days=1, log_total=round(math.log(amount) * LOG_SCALE), largest=amount, last_day=day)

    def plus(self, other: "Profile") -> "Profile":
        """Add two periods, or two parts of one; a day that ends one and begins the other counts once."""
        return Profile(
            payments=self.payments + other.payments,
            days=self.days + other.days - (self.last_day == other.last_day and self.days > 0 and other.days > 0),
            log_total=self.log_total + other.log_total,
            largest=max(self.largest, other.largest),
            last_day=max(self.last_day, other.last_day),
        )

    @property
    def typical(self) -> int:
        """The geometric mean of the amounts, rounded down; 0 without payments."""
        return int(math.exp(self.log_total / LOG_SCALE / self.payments)) if self.payments else 0

    def is_outsized(self, amount: int) -> bool:
        """Tell whether ``amount`` is far beyond what an established payer has sent before."""
        established = self.payments >= _ESTABLISHED_PAYMENTS and self.days >= _ESTABLISHED_DAYS
        beyond = amount >= _OUTSIZED_TIMES_TYPICAL * self.typical and amount >= _OUTSIZED_TIMES_LARGEST * self.largest
        return established and beyond


class PayerHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A payer's profile in one currency: the period of the newest payment, and the one before it."""

    period: int
    present: Profile
    earlier: Profile

    def at(self, period: int) -> Profile:
        """Return what counts for a payment in ``period``."""
        if period <= self.period:
            return self.present.plus(self.earlier)
        return self.present if period == self.period + 1 else Profile()


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something unusual about one payment, between customers; ``payee`` is None for a withdrawal."""

    payment_id: UUID
    kind: SignalKind
    payer: UUID
    payee: UUID | None
    amount: int
    currency: str
    at: datetime


def period_of(day: date) -> int:
    """Return the number of the period of 30 days that ``day`` lies in."""
    return day.toordinal() // PERIOD_DAYS


def leaves_the_customer(item: ScoreRequest) -> bool:
    """Tell whether money leaves the payer's own hands: exchanges and transfers between own wallets do not count."""
    return item.kind != "exchange" and item.from_customer != item.to_customer


def is_near(amount: int, threshold: int | None) -> bool:
    """Tell whether ``amount`` is just beneath ``threshold`` (minor units), by at most a tenth."""
    return threshold is not None and threshold * 9 <= amount * 10 < threshold * 10
