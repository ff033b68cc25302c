"""What honest people pay on one day: shops, friends, and the rent."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant, spread
from waqiti.simulation.merchants import Merchant
from waqiti.simulation.payments import Draft
from waqiti.simulation.people import Person
from waqiti.simulation.town import Town

_FRIENDS_PERCENT: Final = 14
_FAVOURITES_PERCENT: Final = 85
_RENT_PERCENT: Final = (24, 36)
_MAX_RENT: Final = 2_000_00
# Whole euros, as people lend and share them.
_BETWEEN_FRIENDS: Final = (5, 8, 10, 10, 12, 15, 20, 20, 25, 30, 40, 50, 60, 100)


def errands(town: Town, chance: Random, day: date) -> Iterator[Draft]:
    """Yield what everybody pays on ``day``, person by person."""
    for person in town.people:
        if person.role == "resident" and person.rent_day == day.day:
            yield _rent(person, chance, day)
        for hour in _paying_hours(person, chance, day):
            if chance.randrange(100) < _FRIENDS_PERCENT:
                yield _to_friend(person, chance, day, hour)
            else:
                yield _at_shop(person, _shop(town, person, chance, hour), chance, day, hour)


def _paying_hours(person: Person, chance: Random, day: date) -> list[int]:
    likely = person.habit.probabilities(day.weekday(), person.rate)
    return [hour for hour, probability in enumerate(likely) if chance.random() < probability]


def _rent(person: Person, chance: Random, day: date) -> Draft:
    amount = min(_MAX_RENT, person.income * between(chance, *_RENT_PERCENT) // 100)
    trade = person.landlord.trade
    time = instant(chance, day, between(chance, trade.opens, trade.closes - 1))
    return Draft(time=time, payer=person.id, payee=person.landlord.id, amount=amount)


def _to_friend(person: Person, chance: Random, day: date, hour: int) -> Draft:
    friend = person.friends[chance.randrange(len(person.friends))]
    amount = _BETWEEN_FRIENDS[chance.randrange(len(_BETWEEN_FRIENDS))] * 100
    return Draft(time=instant(chance, day, hour), payer=person.id, payee=friend, amount=amount)


def _at_shop(person: Person, shop: Merchant, chance: Random, day: date, hour: int) -> Draft:
    amount = spread(chance, shop.trade.typical * person.wealth // 100)
    return Draft(time=instant(chance, day, hour), payer=person.id, payee=shop.id, amount=amount)


def _shop(town: Town, person: Person, chance: Random, hour: int) -> Merchant:
    """Return a favourite, where the one that comes to mind is open, and otherwise any that is."""
    if chance.randrange(100) < _FAVOURITES_PERCENT:
        favourite = person.favourites[chance.randrange(len(person.favourites))]
        if favourite.is_open(hour):
            return favourite
    found = town.open_at[hour]
    return found[chance.randrange(len(found))]
