"""A demo's day: as many payments as asked for, each party's in their order, and counts that add up."""

import asyncio
import random
from collections import Counter
from typing import Any, cast

from waqiti.cli.town.orders import VISITOR, Order, orders
from waqiti.cli.town.paying import PayingDay
from waqiti.cli.town.settling import newcomers
from waqiti.client import AsyncClient
from waqiti.simulation import Town

TOWN = Town.with_payments(1, 200)


class SlowPayments:
    """Stands where the platform does: answers after a random pause, and notes who is being served."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.most_at_once = 0
        self.ended: list[tuple[str, str, int]] = []

    async def create(self, *, from_wallet: str, to_wallet: str, amount: int, **_: Any) -> Any:
        parties = {party for party in (from_wallet, to_wallet) if not party.startswith("merchant-")}
        assert not self.busy & parties
        self.busy |= parties
        self.most_at_once = max(self.most_at_once, len(self.busy))
        await asyncio.sleep(random.uniform(0, 0.003))
        self.busy -= parties
        self.ended.append((from_wallet, to_wallet, amount))
        return Captured()


class Captured:
    status = "captured"
    failure = None


async def test_payments_of_one_party_are_sent_one_after_the_other_and_others_at_once() -> None:
    platform = SlowPayments()
    client: Any = type("Client", (), {"payments": platform})()
    day = orders(TOWN, 200)
    wallets = {newcomer.id: newcomer.id for newcomer in newcomers(TOWN, day)}
    paying = PayingDay(cast(AsyncClient, client), wallets, frozenset(merchant.id for merchant in TOWN.merchants))

    await paying.send(day, lambda: None)

    sent = [(order.payer, order.payee, order.amount) for order in day]
    assert Counter(platform.ended) == Counter(sent)
    for party in {order.payer for order in day}:
        assert [one for one in platform.ended if party in one[:2]] == [one for one in sent if party in one[:2]]
    assert platform.most_at_once > 10
    assert paying.tally.by_status == {"captured": 200}
    first = paying.tally.first("captured")
    assert first is not None
    assert first.order.number == 1


def test_a_day_has_as_many_payments_as_asked_for_and_the_visitor_tries_once() -> None:
    for count in (10, 11, 200):
        day = orders(TOWN, count)
        assert [order.number for order in day] == list(range(1, count + 1))
        assert [order.payer for order in day].count(VISITOR) == 1


def test_only_who_pays_brings_money() -> None:
    day = [Order(number=1, payer=TOWN.people[0].id, payee=TOWN.people[1].id, amount=1)]

    arrived = newcomers(TOWN, day)

    assert [newcomer.id for newcomer in arrived] == [TOWN.people[0].id, TOWN.people[1].id]
    assert [newcomer.funds for newcomer in arrived] == [TOWN.people[0].funds, 0]
