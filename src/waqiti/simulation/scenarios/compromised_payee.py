"""Compromised payees: at one merchant, what customers pay turns fraudulent for some days.

Le Borgne et al., chapter 3, scenario 2 (all payments at a terminal, for 28 days); here some of the payments, for three
days, and charged with twice to four times what was bought. Customers find it on their statements, five to twenty days
later.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

import msgspec

from waqiti.simulation.chance import between
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Compromise, Incident, delay
from waqiti.simulation.town import Town

PAYMENTS: Final = 6
DAYS: Final = 3
_TURNED_PERCENT: Final = 50
_MAX_CHARGED: Final = 1_500_00


def play(town: Town, chance: Random, day: date) -> Incident:
    """Compromise one shop from today on."""
    shop = town.shops[chance.randrange(len(town.shops))]
    last_day = day + timedelta(days=DAYS - 1)
    return Incident(compromise=Compromise(payee=shop.id, last_day=last_day, payments=PAYMENTS))


class Compromises:
    """The merchants that are compromised now, with how many payments are still to turn."""

    def __init__(self) -> None:
        self._open: dict[str, Compromise] = {}

    def begin(self, compromise: Compromise) -> None:
        """Turn payments to one more merchant; one that is compromised already goes on for longer."""
        known = self._open.get(compromise.payee)
        more = 0 if known is None else known.payments
        self._open[compromise.payee] = msgspec.structs.replace(compromise, payments=compromise.payments + more)

    def turn(self, honest: list[Draft], chance: Random, day: date) -> Iterator[Draft]:
        """Yield the payments of ``day``, some of those to compromised merchants as fraud."""
        self._open = {payee: one for payee, one in self._open.items() if one.last_day >= day and one.payments}
        for draft in honest:
            compromise = self._open.get(draft.payee)
            if compromise is None or not compromise.payments or chance.randrange(100) >= _TURNED_PERCENT:
                yield draft
            else:
                self._open[draft.payee] = msgspec.structs.replace(compromise, payments=compromise.payments - 1)
                yield _turned(draft, chance)


def _turned(draft: Draft, chance: Random) -> Draft:
    return msgspec.structs.replace(
        draft,
        amount=min(_MAX_CHARGED, draft.amount * between(chance, 200, 400) // 100),
        scenario="compromised_payee",
        known_after=delay(chance, 5, 20),
    )
