"""Account take-over: somebody else has the keys, and empties the wallet at an hour when its owner sleeps.

Le Borgne et al., chapter 3, scenario 3 (payments far above a customer's own, after credentials leaked) and PaySim
(Lopez-Rojas et al., 2016: fraudulent agents take accounts over and transfer all there is); that the payees are new is
what FATF's report on cyber-enabled fraud (2023) describes. The owner sees it within three days.
"""

from datetime import date, timedelta
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant, several
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Incident, delay, somebody
from waqiti.simulation.town import Town

PAYMENTS: Final = 4


def play(town: Town, chance: Random, day: date) -> Incident:
    """Four strangers to the victim get 20 to 24 % of the wallet each, within minutes, between 1 and 5 a.m."""
    victim = somebody(town, chance)
    strangers = [person for person in town.accomplices if person.id not in victim.friends]
    time = instant(chance, day, between(chance, 1, 3))
    known_after = delay(chance, 0, 3) + timedelta(hours=4)
    added: list[Draft] = []
    for payee in several(chance, strangers, PAYMENTS):
        amount = victim.funds * between(chance, 200, 240) // 1_000
        added.append(
            Draft(
                time=time,
                payer=victim.id,
                payee=payee.id,
                amount=amount,
                scenario="account_takeover",
                known_after=known_after,
            )
        )
        time += timedelta(seconds=between(chance, 40, 240))
    return Incident(added=tuple(added))
