"""Payments in review because they could not be scored: scored and screened once the services are back.

A refusal ends them, an approval of both closes them, anything else leaves them to a person.
"""

from collections.abc import Sequence
from typing import Final

from waqiti.foundation.database import Database
from waqiti.foundation.ids import NO_ID
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import reviews
from waqiti.services.payment.domain.payments import Payment, queued
from waqiti.services.payment.domain.reviews import SCORE_CAME, Finding
from waqiti.services.payment.store import clocks, payments
from waqiti.services.payment.usecases.deciding import Deciding, Item, LedgerAway, Refused
from waqiti.services.payment.usecases.failures import isolated
from waqiti.services.payment.usecases.reviewing import Reviewing

_BATCH: Final = 200

_log = logger(__name__)


class Rescoring:
    """Walks through the reviews without a score, round and round."""

    def __init__(self, database: Database, deciding: Deciding, reviewing: Reviewing) -> None:
        self._database = database
        self._deciding = deciding
        self._reviewing = reviewing
        self._after = NO_ID

    async def rescore(self) -> bool:
        """Score and screen the next of them; tell whether any was."""
        async with self._database.connection() as connection:
            ids = await clocks.without_score(connection, self._after, _BATCH)
            self._after = ids[-1] if len(ids) == _BATCH else NO_ID
            found = await payments.read(connection, ids) if ids else []
        if not found:
            return False
        got_on = False
        try:
            for payment, finding in await self._screen(found):
                work = self._reviewing.conclude(payment, finding, SCORE_CAME)
                got_on |= await isolated(work, "review", payment.facts.id)
        except LedgerAway:
            return got_on
        return got_on

    async def _screen(self, found: Sequence[Payment]) -> list[tuple[Payment, Finding]]:
        """Say what stands against payments; nothing where a service is away."""
        items = [Item(payment=queued(payment.facts), text=payment.facts.description) for payment in found]
        try:
            screenings = await self._deciding.screen_again(items)
        except Refused as refused:
            _log.error("reviews_refused", detail=str(refused), count=len(found))
            if len(found) == 1:
                return [(found[0], reviews.undigested(found[0].state))]
            return [pair for payment in found for pair in await self._screen([payment])]
        if screenings is None:
            return []
        return [(payment, reviews.scored(screened)) for payment, screened in zip(found, screenings, strict=True)]
