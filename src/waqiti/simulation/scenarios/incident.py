"""What a scenario is, and what it makes of one day."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple

import msgspec

from waqiti.simulation.chance import between
from waqiti.simulation.payments import Draft
from waqiti.simulation.people import Person
from waqiti.simulation.town import Town

WORTH_IT: Final = 600_00
"""Wallets with less (minor units) are left alone."""
_TRIES: Final = 50


class Compromise(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant whose customers' payments turn fraudulent through ``last_day``, at most ``payments`` of them."""

    payee: str
    last_day: date
    payments: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Payments that come in addition, or a compromise of others."""

    added: tuple[Draft, ...] = ()
    compromise: Compromise | None = None


class Scenario(NamedTuple):
    """``play`` makes an incident of at most ``payments`` fraudulent payments."""

    payments: int
    play: Callable[[Town, Random, date], Incident]


def somebody(town: Town, chance: Random) -> Person:
    """Draw a resident whose wallet is worth it."""
    for _ in range(_TRIES):
        person = town.residents[chance.randrange(len(town.residents))]
        if person.funds >= WORTH_IT:
            return person
    return max(town.residents, key=lambda person: (person.funds, person.id))


def delay(chance: Random, first_day: int, last_day: int) -> timedelta:
    """Draw how long it takes until a fraud is known, to the minute."""
    return timedelta(minutes=between(chance, first_day * 24 * 60, last_day * 24 * 60))
