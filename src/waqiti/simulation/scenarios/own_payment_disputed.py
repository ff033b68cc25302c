"""Disputes of own payments: somebody buys, receives, and says afterwards that it was not them.

First-party misuse, as the schemes of card networks call it; nothing about the payment itself is unusual. The dispute
comes ten to forty-five days later.
"""

from datetime import date
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant, spread
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Incident, delay, somebody
from waqiti.simulation.town import Town

PAYMENTS: Final = 1
_ORDERED_FROM: Final = "Online Shop"
_TIMES_TYPICAL: Final = 3


def play(town: Town, chance: Random, day: date) -> Incident:
    """One order from an online shop, three times as dear as most."""
    owner = somebody(town, chance)
    shops = [shop for shop in town.shops if shop.trade.name == _ORDERED_FROM]
    shop = shops[chance.randrange(len(shops))]
    order = Draft(
        time=instant(chance, day, between(chance, 8, 22)),
        payer=owner.id,
        payee=shop.id,
        amount=spread(chance, shop.trade.typical * _TIMES_TYPICAL),
        scenario="own_payment_disputed",
        known_after=delay(chance, 10, 45),
    )
    return Incident(added=(order,))
