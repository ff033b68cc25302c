"""What is seen of the world before one movement: the states of its parties, as its time lies in their windows."""

import math
from typing import Final

import msgspec

from waqiti.scoring.movement import Movement
from waqiti.scoring.state import (
    DAY,
    HOUR,
    LOG_SCALE,
    MONTH,
    NO_PROFILE,
    NO_TALLY,
    NO_WEEK,
    QUARTER,
    WEEK,
    CustomerState,
    PairState,
    Profile,
    Tally,
    Week,
)

ENOUGH: Final = 5
"""Movements, and days, from which on one can speak of what is usual."""


class Side(msgspec.Struct, frozen=True):
    """One party: the two buckets of hours, days and months together, and the weeks from the present one back.

    ``days`` are those on which something was sent, of the last 30 to 60.
    """

    first_second: int | None
    hour: Tally
    day: Tally
    weeks: tuple[Week, ...]
    month: Profile
    days: int

    @property
    def has_habits(self) -> bool:
        """Tell whether enough was sent, on enough days, to say what the customer usually sends."""
        return self.month.sent >= ENOUGH and self.days >= ENOUGH

    @property
    def typical_sent(self) -> float:
        """The mean of ln(amount) of what was sent; 0 where nothing was."""
        return self.month.sent_log / LOG_SCALE / self.month.sent if self.month.sent else 0.0

    @property
    def typical_received(self) -> float:
        """The mean of ln(amount) of what was received; 0 where nothing was."""
        return self.month.received_log / LOG_SCALE / self.month.received if self.month.received else 0.0

    @property
    def sent_frauds(self) -> int:
        """What was sent in four weeks and is known as fraud."""
        this, one, two, three = self.weeks
        return this.sent_frauds + one.sent_frauds + two.sent_frauds + three.sent_frauds

    @property
    def received_frauds(self) -> int:
        """What was received in four weeks and is known as fraud."""
        this, one, two, three = self.weeks
        return this.received_frauds + one.received_frauds + two.received_frauds + three.received_frauds

    @property
    def usual_day(self) -> float:
        """What was sent on a day with payments, on average (minor units); 0 where nothing was."""
        return self.month.sent_total / self.days if self.days else 0.0


NOBODY: Final = Side(None, NO_TALLY, NO_TALLY, (NO_WEEK,) * 4, NO_PROFILE, 0)


class View(msgspec.Struct, frozen=True):
    """A movement and what was known before it; ``log_amount`` is ln(amount)."""

    movement: Movement
    leaves_the_payer: bool
    second: int
    log_amount: float
    payer: Side
    payee: Side
    pair: PairState | None

    @classmethod
    def of(
        cls, movement: Movement, payer: CustomerState | None, payee: CustomerState | None, pair: PairState | None
    ) -> "View":
        """Look at ``movement`` with the states before it; None where there is no state."""
        second = movement.second
        log_amount, leaves = math.log(movement.amount), movement.leaves_the_payer
        return cls(movement, leaves, second, log_amount, _side(payer, second), _side(payee, second), pair)

    @property
    def payee_has_habits(self) -> bool:
        """Tell whether the payee received enough, and for days enough, to say what it usually receives."""
        first = self.payee.first_second
        return first is not None and self.second - first >= ENOUGH * DAY and self.payee.month.received >= ENOUGH

    @property
    def at_this_time_of_day(self) -> int:
        """How many of the payer's payments were made in this quarter of the day (UTC)."""
        month = self.payer.month
        return (month.night, month.morning, month.afternoon, month.evening)[self.second % DAY // QUARTER]


def _side(state: CustomerState | None, second: int) -> Side:
    if state is None:
        return NOBODY
    hour, hour_before = state.hours.at(second // HOUR, NO_TALLY)
    day, day_before = state.days.at(second // DAY, NO_TALLY)
    month, month_before = state.months.at(second // MONTH, NO_PROFILE)
    return Side(
        state.first_second,
        hour.plus(hour_before),
        day.plus(day_before),
        state.weeks.at(second // WEEK, NO_WEEK),
        month.plus(month_before),
        month.days.bit_count() + month_before.days.bit_count(),
    )
