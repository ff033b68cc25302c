"""Mule chains: stolen money goes in and on within minutes, in parts, through wallets that were lent for it.

The shape is the scatter-gather of AMLSim (IBM), whose members, in its cycles, pass 90 % on; that money goes on at once
and leaves as what is easily sold is what FATF's report on cyber-enabled fraud (2023) and Europol's EMMA actions
describe. It is pieced together three to twelve days later.
"""

from datetime import date, timedelta
from random import Random
from typing import Final

from waqiti.simulation.chance import between, instant, several
from waqiti.simulation.merchants import Merchant
from waqiti.simulation.payments import Draft
from waqiti.simulation.scenarios.incident import Incident, delay, somebody
from waqiti.simulation.town import Town

PAYMENTS: Final = 6
_MAX_TAKEN: Final = 4_500_00
_PASSED_ON_PERCENT: Final = 90
_OUTLETS: Final = ("Online Shop", "Electronics")


def play(town: Town, chance: Random, day: date) -> Incident:
    """A victim pays a first mule, who pays two others, who pay a fourth, who buys: each keeps a tenth."""
    victim = somebody(town, chance)
    first, left, right, last = several(chance, town.accomplices, 4)
    taken = min(_MAX_TAKEN, victim.funds * between(chance, 60, 90) // 100)
    passed = taken * _PASSED_ON_PERCENT // 100
    to_left = passed * between(chance, 45, 60) // 100
    from_left, from_right = to_left * _PASSED_ON_PERCENT // 100, (passed - to_left) * _PASSED_ON_PERCENT // 100
    spent = (from_left + from_right) * _PASSED_ON_PERCENT // 100
    steps = (
        (victim.id, first.id, taken),
        (first.id, left.id, to_left),
        (first.id, right.id, passed - to_left),
        (left.id, last.id, from_left),
        (right.id, last.id, from_right),
        (last.id, _outlet(town, chance).id, spent),
    )
    return Incident(added=tuple(_timed(steps, chance, day)))


def _timed(steps: tuple[tuple[str, str, int], ...], chance: Random, day: date) -> list[Draft]:
    time = instant(chance, day, between(chance, 10, 17))
    known_after = delay(chance, 3, 12)
    drafts: list[Draft] = []
    for payer, payee, amount in steps:
        drafts.append(
            Draft(time=time, payer=payer, payee=payee, amount=amount, scenario="mule_chain", known_after=known_after)
        )
        time += timedelta(seconds=between(chance, 60, 480))
    return drafts


def _outlet(town: Town, chance: Random) -> Merchant:
    found = [shop for shop in town.shops if shop.trade.name in _OUTLETS]
    return found[chance.randrange(len(found))]
