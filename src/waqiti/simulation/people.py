"""People: income, habits, favourite merchants, friends, and what is in their wallets in the morning."""

from collections.abc import Sequence
from random import Random
from typing import Final, Literal

import msgspec

from waqiti.simulation.chance import between, several, spread
from waqiti.simulation.habits import HABITS, Habit
from waqiti.simulation.merchants import HOUSING, Merchant
from waqiti.simulation.names import name_of

Role = Literal["resident", "accomplice", "launderer"]

TYPICAL_INCOME: Final = 2_600_00
MAX_INCOME: Final = 6_000_00
_MIN_INCOME: Final = 900_00
_SHORT_OF_FUNDS: Final = 80
"""One resident in so many has next to nothing left this morning: what such people try to pay may fail."""
_PEOPLE_PER_ACCOMPLICE: Final = 40
_PEOPLE_PER_LAUNDERER: Final = 160
_MIN_ACCOMPLICES: Final = 8


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person. Income is a month's, funds are what the wallet holds when the day begins, both in minor units.

    ``tier`` is what the person's identity was verified for: accomplices and launderers, who receive and pay more than
    others, come with documents for ``standard``. ``rate`` is the payments per 1,000 ordinary days.
    """

    id: str
    name: str
    country: str
    role: Role
    tier: Literal["basic", "standard"]
    income: int
    funds: int
    rate: int
    habit: Habit
    favourites: tuple[Merchant, ...]
    friends: tuple[str, ...]
    landlord: Merchant
    rent_day: int

    @property
    def wealth(self) -> int:
        """Income against a typical one, in per cent, 40 to 200: what the person's amounts are scaled by."""
        return min(200, max(40, self.income * 100 // TYPICAL_INCOME))


def settle_people(chance: Random, residents: int, merchants: Sequence[Merchant]) -> tuple[Person, ...]:
    """Return so many residents, and beside them the accomplices and launderers that a town of this size has."""
    accomplices = max(_MIN_ACCOMPLICES, residents // _PEOPLE_PER_ACCOMPLICE)
    launderers = max(1, residents // _PEOPLE_PER_LAUNDERER)
    numbers: dict[Role, int] = {"resident": residents, "accomplice": accomplices, "launderer": launderers}
    roles = [role for role, number in numbers.items() for _ in range(number)]
    ids = [f"person-{number:06}" for number in range(1, len(roles) + 1)]
    landlords = [merchant for merchant in merchants if merchant.trade == HOUSING]
    return tuple(
        _person(chance, ids, number, role, merchants, landlords[number % len(landlords)])
        for number, role in enumerate(roles)
    )


def _person(
    chance: Random, ids: Sequence[str], number: int, role: Role, merchants: Sequence[Merchant], landlord: Merchant
) -> Person:
    name, country = name_of(chance)
    income = min(MAX_INCOME, max(_MIN_INCOME, spread(chance, TYPICAL_INCOME)))
    return Person(
        id=ids[number],
        name=name,
        country=country,
        role=role,
        tier="basic" if role == "resident" else "standard",
        income=income,
        funds=_funds(chance, role, income),
        rate=between(chance, 1_000, 5_000) if role == "resident" else between(chance, 300, 1_200),
        habit=HABITS[chance.randrange(len(HABITS))],
        favourites=_favourites(chance, merchants),
        friends=tuple(several(chance, ids, between(chance, 2, 6), but=ids[number])),
        landlord=landlord,
        rent_day=between(chance, 1, 28),
    )


def _funds(chance: Random, role: Role, income: int) -> int:
    """Half to all of a month's income; what a launderer brings is to leave in sums beneath the reporting threshold."""
    if role == "launderer":
        return between(chance, 50_000_00, 60_000_00)
    if role == "accomplice":
        return between(chance, 100_00, 200_00)
    if chance.randrange(_SHORT_OF_FUNDS) == 0:
        return between(chance, 2_00, 9_00)
    return income * between(chance, 50, 100) // 100


def _favourites(chance: Random, merchants: Sequence[Merchant]) -> tuple[Merchant, ...]:
    """Some merchants that the person goes to, each as often as one goes to its trade."""
    known = several(chance, [merchant for merchant in merchants if merchant.trade != HOUSING], 14)
    return tuple(merchant for merchant in known for _ in range(merchant.trade.visits))
