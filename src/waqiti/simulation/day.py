"""Days of the town, one after the other, as one stream in time order."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle
from random import Random
from typing import Final

from waqiti.simulation.chance import source
from waqiti.simulation.errands import errands
from waqiti.simulation.payments import Draft, SimulatedPayment, final
from waqiti.simulation.scenarios import SCENARIOS, Compromises
from waqiti.simulation.town import Town

FIRST_DAY: Final = date(2025, 3, 5)
FRAUD_PER_1000: Final = 8
"""Fraud is rare: 0.84 % of the payments of Le Borgne et al., chapter 3."""


def payments(town: Town, days: int, first_day: date = FIRST_DAY) -> Iterator[SimulatedPayment]:
    """Yield the payments of ``days`` days from ``first_day`` (UTC) on, in time order, holding one day in memory."""
    incidents = _Incidents(town)
    for number in range(days):
        day = first_day + timedelta(days=number)
        chance = source("day", town.seed, day.isoformat())
        drafts = incidents.among(list(errands(town, chance, day)), chance, day)
        drafts.sort(key=_in_time)
        assert all(draft.time.date() == day for draft in drafts)
        for index, draft in enumerate(drafts, 1):
            yield final(draft, f"{day:%Y%m%d}-{index:06}")


class _Incidents:
    """Puts fraud among the payments of each day, in the proportion wanted over all of them.

    Every payment earns a credit, and an incident begins, scenario after scenario, when there is enough for all its
    payments: a small town has one in some days, a large one many a day.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._credit = 0
        self._next = cycle(SCENARIOS)
        self._scenario = next(self._next)
        self._compromises = Compromises()

    def among(self, honest: list[Draft], chance: Random, day: date) -> list[Draft]:
        """Return the payments of ``day``: the honest ones, some of them turned, and those that fraud adds."""
        self._credit += len(honest) * FRAUD_PER_1000
        added: list[Draft] = []
        while self._credit >= self._scenario.payments * 1_000:
            self._credit -= self._scenario.payments * 1_000
            incident = self._scenario.play(self._town, chance, day)
            self._scenario = next(self._next)
            added += incident.added
            if incident.compromise is not None:
                self._compromises.begin(incident.compromise)
        return [*self._compromises.turn(honest, chance, day), *added]


def _in_time(draft: Draft) -> tuple[object, ...]:
    return draft.time, draft.payer, draft.payee, draft.amount
