"""The facts of wallets, which never change: kept in memory, asked for in batches."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.wallet import WalletClient, WalletFacts

CAPACITY: Final = 100_000
_MAX_ASKED: Final = 1_000


class Wallets:
    """At most 100,000 wallets, the longest unused forgotten first. Unknown ones are asked for anew each time."""

    def __init__(self, client: WalletClient, capacity: int = CAPACITY) -> None:
        self._client = client
        self._capacity = capacity
        self._known: dict[UUID, WalletFacts] = {}
        self._wanted: dict[UUID, asyncio.Future[WalletFacts | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, ids: Iterable[UUID]) -> dict[UUID, WalletFacts]:
        """Return the facts of wallets; unknown ones are left out.

        Raises:
            NoAnswer, DependencyUnavailable: wallet-service was asked and is away.
        """
        found: dict[UUID, WalletFacts] = {}
        missing: list[UUID] = []
        for wallet in ids:
            facts = self._known.pop(wallet, None)
            if facts is None:
                missing.append(wallet)
            else:
                found[wallet] = self._known[wallet] = facts
        if missing:
            answers = await asyncio.gather(*(self._want(wallet) for wallet in missing))
            found |= {facts.id: facts for facts in answers if facts is not None}
        return found

    async def forget(self) -> None:
        """Forget all; they are asked for anew."""
        self._known.clear()

    def _want(self, wallet: UUID) -> asyncio.Future[WalletFacts | None]:
        future = self._wanted.get(wallet)
        if future is None:
            future = self._wanted[wallet] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="ask for wallets")
        return future

    async def _ask(self) -> None:
        while self._wanted:
            ids = list(self._wanted)[:_MAX_ASKED]
            waiting = [self._wanted.pop(wallet) for wallet in ids]
            try:
                answers = await self._client.facts(ids)
            except BaseException as error:  # noqa: BLE001 - it is theirs who wait
                _settle(waiting, error)
            else:
                self._remember(answers)
                found = {facts.id: facts for facts in answers}
                for wallet, future in zip(ids, waiting, strict=True):
                    if not future.done():
                        future.set_result(found.get(wallet))

    def _remember(self, answers: Sequence[WalletFacts]) -> None:
        self._known |= {facts.id: facts for facts in answers}
        while len(self._known) > self._capacity:
            del self._known[next(iter(self._known))]


def _settle(waiting: Sequence[asyncio.Future[WalletFacts | None]], error: BaseException) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(error)
            future.exception()
