"""Structuring: a sum leaves in parts that each stay just beneath the threshold from which it would be reported.

31 CFR 1010.100(xx) defines it, 31 CFR 1010.314 forbids it; FATF lists it among the indicators of money laundering. An
analyst finds it two to five weeks later.
"""

from datetime import date, timedelta
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant, several
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Incident, delay
from waqiti.simulation.town import Town

REPORTING_THRESHOLD: Final = 10_000_00
"""Minor units of EUR: the limit on cash of Regulation (EU) 2024/1624 art. 80."""
PAYMENTS: Final = 5


def play(town: Town, chance: Random, day: date) -> Incident:
    """One launderer pays five accomplices 92 to 99 % of the threshold each, 15 to 45 minutes apart."""
    payer = town.launderers[chance.randrange(len(town.launderers))]
    time = instant(chance, day, between(chance, 9, 14))
    added: list[Draft] = []
    for payee in several(chance, town.accomplices, PAYMENTS):
        amount = REPORTING_THRESHOLD * between(chance, 920, 990) // 1_000
        known_after = delay(chance, 14, 35)
        added.append(
            Draft(
                time=time,
                payer=payer.id,
                payee=payee.id,
                amount=amount,
                scenario="structuring",
                known_after=known_after,
            )
        )
        time += timedelta(minutes=between(chance, 15, 45))
    return Incident(added=tuple(added))
