"""Payments that wait for a service: asked about again until they are decided, or given up on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from waqiti.foundation.database import Database
from waqiti.foundation.ids import NO_ID
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain.payments import queued
from waqiti.services.payment.store import parked
from waqiti.services.payment.store.parked import Parked
from waqiti.services.payment.usecases.deciding import Deciding, Item, LedgerAway, Ready
from waqiti.services.payment.usecases.failures import described, is_of_the_payment
from waqiti.services.payment.usecases.settling import Outcome, Settling

MAX_PARKED: Final = 10_000
_BATCH: Final = 500
_POISON: Final = 20

_log = logger(__name__)


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long we wait for a service, in seconds: then a review without a score, a refusal, or giving up."""

    fraud: float
    compliance: float
    ledger: float


class Retrying:
    """Walks through the parked payments, round and round, some hundred at a time."""

    def __init__(self, database: Database, deciding: Deciding, settling: Settling, patience: Patience) -> None:
        self._database = database
        self._deciding = deciding
        self._settling = settling
        self._patience = patience
        self._after = NO_ID

    async def is_full(self) -> bool:
        """Tell whether so many payments wait that no new ones should be read."""
        async with self._database.connection() as connection:
            return await parked.count(connection, MAX_PARKED) >= MAX_PARKED

    async def retry(self, now: datetime) -> bool:
        """Try the next payments; tell whether any of them got on.

        Raises:
            DependencyUnavailable: our own database is away; whatever else it refuses comes as it is. Nobody is poison.
        """
        async with self._database.connection() as connection:
            found = await parked.waiting(connection, self._after, _BATCH)
        self._after = found[-1].facts.id if len(found) == _BATCH else NO_ID
        if not found:
            return False
        items = [self._item(one, now) for one in found]
        try:
            return await self._decide(items, now)
        except Exception as error:
            if not is_of_the_payment(error):
                raise
            _log.error("parked_payments_failed", kind=type(error).__name__, detail=described(error), count=len(items))
        return await self._decide_one_by_one(items, now)

    async def retry_poison(self, now: datetime) -> bool:
        """Ask about poison that is due again, each alone; tell whether any of it got on.

        No time that has passed speaks for or against it: it is decided by whole answers or not at all.
        """
        async with self._database.connection() as connection:
            found = await parked.claim_poison(connection, now, now + self._settling.poison_pause, _POISON)
        items = [Item(payment=queued(one.facts), text=one.facts.description) for one in found]
        return await self._decide_one_by_one(items, now)

    async def _decide(self, items: Sequence[Item], now: datetime) -> bool:
        screening = await self._deciding.screen(items)
        if not screening.ready:
            return False
        return await self._post(screening.ready, now)

    async def _post(self, ready: Sequence[Ready], now: datetime) -> bool:
        try:
            concluded = await self._deciding.post(ready, now)
        except LedgerAway:
            return False
        await self._settling.settle(Outcome(concluded=concluded, previous="screening"), None, now)
        return True

    async def _decide_one_by_one(self, items: Sequence[Item], now: datetime) -> bool:
        """One payment spoils a whole call: it is found, and set aside."""
        got_on = False
        for item in items:
            try:
                got_on |= await self._decide([item], now)
            except Exception as error:
                if not is_of_the_payment(error):
                    raise
                await self._settling.set_aside(item.payment.payment_id, described(error), now)
        return got_on

    def _item(self, found: Parked, now: datetime) -> Item:
        waited = (now - found.parked_at).total_seconds()
        return Item(
            payment=queued(found.facts),
            text=found.facts.description,
            without_score=waited >= self._patience.fraud,
            without_compliance=waited >= self._patience.compliance,
            given_up=waited >= self._patience.ledger,
        )
