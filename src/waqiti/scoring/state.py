"""What is remembered of customers and of pairs of them: integers, folded by addition.

Whatever the order in which additions come, the state is the same: sums in a bucket commute, and a window holds the
bucket of the newest movement and those before it. So history is folded from a file to the same integers as online. Two
buckets, seen from within the newer, cover one to two of their lengths.

A store keeps a row per customer and currency, and one per payer, payee and currency. Nothing in them is a fraction, and
every integer fits 64 bits: amounts count up to ``MOST`` each.
"""

from typing import Final, Generic, Protocol, Self, TypeVar

import msgspec

HOUR: Final = 3_600
QUARTER: Final = 6 * HOUR
DAY: Final = 86_400
WEEK: Final = 7 * DAY
MONTH: Final = 30 * DAY

MOST: Final = 10**12
"""Larger amounts (minor units) count as this: nine million of them fit a sum."""
LOG_SCALE: Final = 1_000
"""Sums of logarithms are of 1,000 ln(amount), rounded; their squares are divided by 1,000 again."""


class Tally(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Movements of one customer in one bucket; amounts in minor units.

    ``new_payees`` counts payments to somebody for the first time, ``new_payers`` those received so.
    """

    sent: int = 0
    sent_total: int = 0
    received: int = 0
    received_total: int = 0
    new_payees: int = 0
    new_payers: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Add two tallies."""
        if not (other.sent or other.received):
            return self
        return Tally(
            self.sent + other.sent,
            self.sent_total + other.sent_total,
            self.received + other.received,
            self.received_total + other.received_total,
            self.new_payees + other.new_payees,
            self.new_payers + other.new_payers,
        )


class Week(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Movements of one customer in one week, and those of them that are known as fraud by now."""

    sent: int = 0
    sent_frauds: int = 0
    received: int = 0
    received_frauds: int = 0

    def plus(self, other: "Week") -> "Week":
        """Add two weeks."""
        if other is NO_WEEK:
            return self
        return Week(
            self.sent + other.sent,
            self.sent_frauds + other.sent_frauds,
            self.received + other.received,
            self.received_frauds + other.received_frauds,
        )


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A customer's habits in one period of 30 days; amounts in minor units.

    ``days`` has a bit for each day of the period on which something was sent. ``night`` (0 to 6 h, UTC), ``morning``,
    ``afternoon`` and ``evening`` count what was sent by time of day.
    """

    sent: int = 0
    sent_total: int = 0
    sent_log: int = 0
    sent_squares: int = 0
    sent_largest: int = 0
    received: int = 0
    received_total: int = 0
    received_log: int = 0
    received_largest: int = 0
    new_payees: int = 0
    new_payers: int = 0
    days: int = 0
    night: int = 0
    morning: int = 0
    afternoon: int = 0
    evening: int = 0

    def plus(self, other: "Profile") -> "Profile":
        """Add two profiles of the same period; the days of another one say nothing in this."""
        if not (other.sent or other.received):
            return self
        return Profile(
            self.sent + other.sent,
            self.sent_total + other.sent_total,
            self.sent_log + other.sent_log,
            self.sent_squares + other.sent_squares,
            max(self.sent_largest, other.sent_largest),
            self.received + other.received,
            self.received_total + other.received_total,
            self.received_log + other.received_log,
            max(self.received_largest, other.received_largest),
            self.new_payees + other.new_payees,
            self.new_payers + other.new_payers,
            self.days | other.days,
            self.night + other.night,
            self.morning + other.morning,
            self.afternoon + other.afternoon,
            self.evening + other.evening,
        )


class _Adds(Protocol):
    def plus(self, other: Self, /) -> Self: ...


Part = TypeVar("Part", bound=_Adds)


class Window(msgspec.Struct, Generic[Part], frozen=True, array_like=True, gc=False):
    """The bucket ``number`` and those before it, the newest first: as many as ``buckets`` has, always."""

    number: int
    buckets: tuple[Part, ...]

    def at(self, number: int, nothing: Part) -> tuple[Part, ...]:
        """Return what a movement of bucket ``number`` sees, from its own bucket back; a late one sees all there is."""
        later = number - self.number
        if later <= 0:
            return self.buckets
        length = len(self.buckets)
        return (nothing,) * min(later, length) + self.buckets[: max(length - later, 0)]

    def plus(self, number: int, part: Part, nothing: Part) -> "Window[Part]":
        """Add ``part`` to the bucket ``number``; a newer bucket pushes the oldest out, one that is too old is lost."""
        buckets, later = self.buckets, number - self.number
        if later == 0:
            return Window(number, (buckets[0].plus(part), *buckets[1:]))
        if later > 0:
            return Window(number, (part, *self.at(number, nothing)[1:]))
        if -later >= len(buckets):
            return self
        return Window(self.number, (*buckets[:-later], buckets[-later].plus(part), *buckets[1 - later :]))


NO_TALLY: Final = Tally()
NO_WEEK: Final = Week()
NO_PROFILE: Final = Profile()


class CustomerState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one customer in one currency.

    ``first_second`` is when the customer first sent or received anything (seconds since 1970), as far as ``plus`` was
    told. ``hours``, ``days`` and ``months`` have two buckets each, ``weeks`` has four.
    """

    first_second: int
    hours: Window[Tally]
    days: Window[Tally]
    weeks: Window[Week]
    months: Window[Profile]

    def plus(self, new: "Addition") -> "CustomerState":
        """Add what is new."""
        second, tally = new.second, new.tally
        return CustomerState(
            min(self.first_second, second),
            self.hours.plus(second // HOUR, tally, NO_TALLY),
            self.days.plus(second // DAY, tally, NO_TALLY),
            self.weeks.plus(second // WEEK, new.week, NO_WEEK),
            self.months.plus(second // MONTH, new.profile, NO_PROFILE),
        )


class Addition(msgspec.Struct, frozen=True, gc=False):
    """What happened to a customer at one ``second``, counted in the buckets in which that lies."""

    second: int
    tally: Tally
    week: Week
    profile: Profile

    def alone(self) -> CustomerState:
        """Return the state of somebody of whom nothing else is known."""
        second, tally = self.second, self.tally
        return CustomerState(
            second,
            Window(second // HOUR, (tally, NO_TALLY)),
            Window(second // DAY, (tally, NO_TALLY)),
            Window(second // WEEK, (self.week, NO_WEEK, NO_WEEK, NO_WEEK)),
            Window(second // MONTH, (self.profile, NO_PROFILE)),
        )


class PairState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of a payer and a payee in one currency; seconds since 1970, amounts in minor units."""

    payments: int
    first_second: int
    last_second: int
    largest: int

    def plus(self, other: "PairState") -> "PairState":
        """Add two states."""
        return PairState(
            self.payments + other.payments,
            min(self.first_second, other.first_second),
            max(self.last_second, other.last_second),
            max(self.largest, other.largest),
        )
