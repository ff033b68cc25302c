"""The town itself: who lives and sells there. It does not change from day to day."""

from functools import cached_property
from typing import Final

import msgspec

from waqiti.simulation.chance import source
from waqiti.simulation.habits import HOURS
from waqiti.simulation.merchants import HOUSING, Merchant, settle_merchants
from waqiti.simulation.people import Person, Role, settle_people

MIN_RESIDENTS: Final = 20
_PAYMENTS_PER_100_PEOPLE: Final = 280
"""A little less than an ordinary day has, so that a day nearly always suffices."""


class Town(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """People and merchants under one seed."""

    seed: int
    people: tuple[Person, ...]
    merchants: tuple[Merchant, ...]

    @classmethod
    def of(cls, seed: int, residents: int) -> "Town":
        """Return the town of this seed with so many honest people, at least 20."""
        if residents < MIN_RESIDENTS:
            raise ValueError(f"a town has at least {MIN_RESIDENTS} residents, not {residents}")
        chance = source("town", seed, residents)
        merchants = settle_merchants(chance, residents)
        return cls(seed=seed, people=settle_people(chance, residents, merchants), merchants=merchants)

    @classmethod
    def with_payments(cls, seed: int, a_day: int) -> "Town":
        """Return a town that makes about ``a_day`` payments on an ordinary day, and rarely fewer."""
        return cls.of(seed, max(MIN_RESIDENTS, a_day * 100 // _PAYMENTS_PER_100_PEOPLE))

    @cached_property
    def residents(self) -> tuple[Person, ...]:
        """Honest people, but for those whom a scenario makes otherwise."""
        return self._of_role("resident")

    @cached_property
    def accomplices(self) -> tuple[Person, ...]:
        """People who lend their wallets to crime, and live as others do beside it."""
        return self._of_role("accomplice")

    @cached_property
    def launderers(self) -> tuple[Person, ...]:
        """People with sums that they cannot explain."""
        return self._of_role("launderer")

    @cached_property
    def shops(self) -> tuple[Merchant, ...]:
        """The merchants that one goes to, landlords not among them."""
        return tuple(merchant for merchant in self.merchants if merchant.trade != HOUSING)

    @cached_property
    def open_at(self) -> tuple[tuple[Merchant, ...], ...]:
        """The shops that are open, by hour of the day; some always are."""
        return tuple(tuple(shop for shop in self.shops if shop.is_open(hour)) for hour in range(HOURS))

    def _of_role(self, role: Role) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == role)
