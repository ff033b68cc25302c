"""People and merchants move in: customers, wallets, and money in them."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from waqiti.cli.town.orders import VISITOR, VISITOR_COUNTRY, VISITOR_NAME, Order
from waqiti.client import AsyncClient, Customer
from waqiti.simulation import CURRENCY, Town

_AT_ONCE: Final = 32
_SETTLE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1
_MERCHANT_COUNTRY: Final = "DE"


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Who opens a wallet: ``funds`` in minor units are paid in, ``tier`` is what the identity is verified for."""

    id: str
    name: str
    country: str
    tier: str = "basic"
    funds: int = 0


def newcomers(town: Town, day: Sequence[Order]) -> list[Newcomer]:
    """Return everybody who takes part in a day, in order of appearance; who only receives brings no money."""
    payers = {order.payer for order in day}
    known = {VISITOR: Newcomer(id=VISITOR, name=VISITOR_NAME, country=VISITOR_COUNTRY)}
    for person in town.people:
        known[person.id] = Newcomer(
            id=person.id,
            name=person.name,
            country=person.country,
            tier=person.tier,
            funds=person.funds if person.id in payers else 0,
        )
    for shop in town.merchants:
        known[shop.id] = Newcomer(id=shop.id, name=shop.name, country=_MERCHANT_COUNTRY, tier="enhanced")
    taking_part = dict.fromkeys(party for order in day for party in (order.payer, order.payee))
    return [known[party] for party in taking_part]


class TownHall:
    """Takes newcomers on, a few at a time; ``operator`` verifies identities, ``client`` does the rest."""

    def __init__(self, client: AsyncClient, operator: AsyncClient) -> None:
        self._client = client
        self._operator = operator
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def settle(self, arriving: Iterable[Newcomer], advance: Callable[[], None]) -> dict[str, str]:
        """Return the wallet of each, by the id in the town; the money is there.

        Raises:
            WaqitiError: the platform refuses or does not answer.
        """

        async def one(newcomer: Newcomer) -> tuple[str, str]:
            async with self._gate:
                wallet = await self._move_in(newcomer)
            advance()
            return newcomer.id, wallet

        return dict(await asyncio.gather(*(one(newcomer) for newcomer in arriving)))

    async def _move_in(self, newcomer: Newcomer) -> str:
        customer = await self._customer(newcomer)
        wallet = await self._client.wallets.create(customer_id=customer.id, currency=CURRENCY)
        if newcomer.funds:
            await self._fund(wallet.id, newcomer.funds)
        return wallet.id

    async def _customer(self, newcomer: Newcomer) -> Customer:
        customer = await self._client.customers.create(name=newcomer.name, country=newcomer.country)
        if newcomer.tier == customer.tier:
            return customer
        return await self._operator.customers.verify(customer.id, tier=newcomer.tier)

    async def _fund(self, wallet_id: str, amount: int) -> None:
        deposit = await self._client.deposits.create(wallet_id=wallet_id, amount=amount, currency=CURRENCY)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while deposit.status in {"pending", "screening"} and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            deposit = await self._client.deposits.get(deposit.id)
