"""Bust-out: an owner with a good history spends all there is at once, and never means to stand by it.

First-party fraud, known from credit cards (credit built up, then used up in a day and not paid back); in a wallet the
money came by deposits that are called back afterwards. It is known when they are, three to six weeks later.
"""

from datetime import date, timedelta
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Incident, delay, somebody
from waqiti.simulation.town import Town

PAYMENTS: Final = 5
_GOODS: Final = ("Electronics", "Clothes")


def play(town: Town, chance: Random, day: date) -> Incident:
    """Five purchases of what is easily sold, 16 to 18 % of the wallet each, within an hour or so of the afternoon."""
    owner = somebody(town, chance)
    shops = [shop for shop in town.shops if shop.trade.name in _GOODS]
    time = instant(chance, day, between(chance, 14, 17))
    known_after = delay(chance, 21, 42)
    added: list[Draft] = []
    for _ in range(PAYMENTS):
        payee = shops[chance.randrange(len(shops))]
        amount = owner.funds * between(chance, 160, 180) // 1_000
        added.append(
            Draft(
                time=time, payer=owner.id, payee=payee.id, amount=amount, scenario="bust_out", known_after=known_after
            )
        )
        time += timedelta(minutes=between(chance, 5, 20))
    return Incident(added=tuple(added))
