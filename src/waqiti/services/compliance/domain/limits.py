"""How much a customer of a tier may move and hold, from when on."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import Tier
from waqiti.foundation.money import major_units

Period = Literal["day", "month"]


class Counter(NamedTuple):
    """One folded counter: what a customer has used of one window."""

    customer_id: UUID
    currency: str
    period: Period
    starts: date

    @property
    def place(self) -> tuple[int, str, str, date]:
        """Its place in the order in which counters are locked, which is that of their keys in the database."""
        return self.customer_id.int, self.currency, self.period, self.starts


class TierLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in whole units of any currency, valid from ``effective_from`` on; ``balance`` None is without limit."""

    tier: Tier
    effective_from: datetime
    per_payment: int
    per_day: int
    per_month: int
    balance: int | None

    def of(self, period: Period, currency: str) -> int:
        """Return the limit of a window, in minor units."""
        return major_units(self.per_day if period == "day" else self.per_month, currency)

    def allows(self, amount: int, currency: str) -> bool:
        """Tell whether one payment may be of ``amount``."""
        return amount <= major_units(self.per_payment, currency)

    def max_balance(self, currency: str) -> int | None:
        """Return what a wallet may hold, in minor units; None is without limit."""
        return None if self.balance is None else major_units(self.balance, currency)


class LimitTable:
    """The limits of all tiers, past, present and to come."""

    def __init__(self, rows: Iterable[TierLimits]) -> None:
        self._newest_first: dict[Tier, list[TierLimits]] = {}
        for row in sorted(rows, key=lambda row: row.effective_from, reverse=True):
            self._newest_first.setdefault(row.tier, []).append(row)

    def at(self, tier: Tier, instant: datetime) -> TierLimits:
        """Return what holds for ``tier`` at ``instant``; the table says something about every instant."""
        for row in self._newest_first[tier]:
            if row.effective_from <= instant:
                return row
        raise LookupError(f"no limits of {tier} hold at {instant}")


def counters(customer_id: UUID, currency: str, instant: datetime) -> tuple[Counter, Counter]:
    """Return the counters of the windows that ``instant`` lies in, in UTC: its day and its month."""
    day = instant.astimezone(UTC).date()
    return (
        Counter(customer_id, currency, "day", day),
        Counter(customer_id, currency, "month", day.replace(day=1)),
    )
