"""Merchants: what they sell, when they are open, and what is usually paid there.

That purchases at the counter are many and small and those from afar fewer and larger is what the studies of payment
attitudes say (for the euro area the ECB's SPACE, 2022); the amounts themselves are ours.
"""

from random import Random
from typing import Final

import msgspec

from waqiti.simulation.chance import between


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of merchant.

    ``typical`` is the median amount in minor units, for somebody with a typical income; it is open from ``opens`` to
    before ``closes`` (hours, UTC); ``visits`` and ``shops`` say how often one goes there and how many there are,
    against the other trades.
    """

    name: str
    typical: int
    opens: int
    closes: int
    visits: int
    shops: int


TRADES: Final = (
    Trade(name="Bakery", typical=6_20, opens=6, closes=19, visits=16, shops=6),
    Trade(name="Cafe", typical=5_40, opens=7, closes=23, visits=16, shops=7),
    Trade(name="Grocer", typical=27_50, opens=7, closes=22, visits=22, shops=6),
    Trade(name="Restaurant", typical=31_00, opens=11, closes=24, visits=8, shops=6),
    Trade(name="Pharmacy", typical=17_80, opens=8, closes=20, visits=5, shops=3),
    Trade(name="Fuel", typical=48_00, opens=0, closes=24, visits=5, shops=2),
    Trade(name="Transit", typical=3_10, opens=0, closes=24, visits=14, shops=1),
    Trade(name="Clothes", typical=54_00, opens=9, closes=20, visits=4, shops=4),
    Trade(name="Online Shop", typical=38_00, opens=0, closes=24, visits=9, shops=4),
    Trade(name="Electronics", typical=165_00, opens=9, closes=20, visits=1, shops=2),
)
HOUSING: Final = Trade(name="Housing", typical=850_00, opens=8, closes=18, visits=0, shops=2)
"""Paid once a month, as rent."""

_NAMES: Final = (
    *("Linden", "Harbour", "Station", "Market", "Old Mill", "Bridge", "Garden", "North Gate", "Fountain", "Riverside"),
    *("Chestnut", "Tower", "Orchard", "Meadow", "Canal", "Hill", "Square", "Lighthouse", "Quarry", "Vineyard"),
)
_PEOPLE_PER_MERCHANT: Final = 9


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant."""

    id: str
    name: str
    trade: Trade

    def is_open(self, hour: int) -> bool:
        """Tell whether one can pay there in this hour of the day."""
        return self.trade.opens <= hour < self.trade.closes


def settle_merchants(chance: Random, residents: int) -> tuple[Merchant, ...]:
    """Return the merchants of a town with so many people: at least one of each trade, and more of the frequent ones."""
    trades = [trade for trade in (*TRADES, HOUSING) for _ in range(trade.shops)]
    wanted = max(len(TRADES) + 1, residents // _PEOPLE_PER_MERCHANT)
    kinds = [*TRADES, HOUSING, *(trades[chance.randrange(len(trades))] for _ in range(wanted - len(TRADES) - 1))]
    return tuple(
        Merchant(id=f"merchant-{number:05}", name=_name(chance, kind, number), trade=kind)
        for number, kind in enumerate(kinds, 1)
    )


def _name(chance: Random, trade: Trade, number: int) -> str:
    return f"{_NAMES[between(chance, 0, len(_NAMES) - 1)]} {trade.name} {number}"
