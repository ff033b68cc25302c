"""Sends the payments of a day by concurrent clients, so that the same day always ends the same way."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from uuid import uuid4

from waqiti.cli.town.orders import Order
from waqiti.cli.town.tally import Tally
from waqiti.client import AsyncClient, Payment

CLIENTS: Final = 64
_WAIT_SECONDS: Final = 30
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
_ON_ITS_WAY: Final = frozenset({"created", "screening"})


class PayingDay:
    """One day on its way, under idempotency keys of its own.

    A payment is sent when every earlier one that its payer or its payee had a part in has ended: whether funds and
    limits suffice then never depends on which client was faster. ``unlimited`` are those payees for whom that is
    so anyway: they never pay, and may hold any sum.
    """

    def __init__(self, client: AsyncClient, wallets: Mapping[str, str], unlimited: frozenset[str]) -> None:
        self.tally = Tally()
        self._client = client
        self._wallets = wallets
        self._unlimited = unlimited
        self._latest: dict[str, asyncio.Event] = {}
        self._run = uuid4().hex

    async def send(self, orders: Sequence[Order], advance: Callable[[], None]) -> float:
        """Send all of ``orders``, and return how many seconds that took.

        Raises:
            WaqitiError: the platform refuses a request or does not answer.
        """
        remaining = iter(orders)
        began = time.perf_counter()
        await asyncio.gather(*(self._work(remaining, advance) for _ in range(CLIENTS)))
        return time.perf_counter() - began

    async def _work(self, remaining: Iterator[Order], advance: Callable[[], None]) -> None:
        for order in remaining:
            ended = asyncio.Event()
            for earlier in self._line_up(order, ended):
                await earlier.wait()
            began = time.perf_counter()
            payment = await self._pay(order)
            self.tally.add(order, payment, time.perf_counter() - began)
            ended.set()
            advance()

    def _line_up(self, order: Order, ended: asyncio.Event) -> list[asyncio.Event]:
        """Return what ``order`` has to wait for, and make its parties' next payments wait for it."""
        parties = [party for party in (order.payer, order.payee) if party not in self._unlimited]
        earlier = [self._latest[party] for party in parties if party in self._latest]
        self._latest.update(dict.fromkeys(parties, ended))
        return earlier

    async def _pay(self, order: Order) -> Payment:
        payment = await self._client.payments.create(
            from_wallet=self._wallets[order.payer],
            to_wallet=self._wallets[order.payee],
            amount=order.amount,
            currency=order.currency,
            wait_seconds=_WAIT_SECONDS,
            idempotency_key=f"demo-{self._run}-{order.number}",
        )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while payment.status in _ON_ITS_WAY and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            payment = await self._client.payments.get(payment.id)
        return payment
