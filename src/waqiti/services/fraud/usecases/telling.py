"""Telling the owners of movements what people decided, until they answer."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

from waqiti.contracts.reviews import ReviewSubject, Verdict, VerdictTaken
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import counter, histogram, logger
from waqiti.services.fraud.store import verdicts as store
from waqiti.services.fraud.store.verdicts import Telling

AT_ONCE_SECONDS: Final = 1.0
"""How long a request waits for the owner that it tells."""
PATIENT_SECONDS: Final = 5.0
FIRST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
_MOST_DOUBLINGS: Final = 20
_TOGETHER: Final = 10
_UNKNOWN: Final = 404
_AGAINST_APPROVAL: Final = frozenset({"declined", "failed", "canceled"})
"""Statuses to which an approval does not lead: something else came first, as the clock of the movement's owner."""

_told: Final = counter("fraud_verdicts_told", "Verdicts that their movement's owner has answered.", ["outcome"])
_failed: Final = counter("fraud_verdicts_failed", "Verdicts that their movement's owner does not know.")
_took: Final = histogram("fraud_verdict_seconds", "From a decision to the answer of the movement's owner.")
_log: Final = logger(__name__)


class Owner(Protocol):
    """Who acts on verdicts about its movements; telling it twice is no error."""

    async def reviewed(self, verdict: Verdict, *, timeout_seconds: float = ...) -> VerdictTaken:
        """Act on a verdict."""
        ...


class Teller:
    """Tells each verdict in its lease, and again after a pause where there is no answer."""

    def __init__(self, database: Database, owners: Mapping[ReviewSubject, Owner]) -> None:
        self._database = database
        self._owners = owners

    async def tell(self, telling: Telling, *, timeout_seconds: float = AT_ONCE_SECONDS) -> None:
        """Tell one verdict; where no answer comes it is due again after a pause, a longer one each time.

        Raises:
            DependencyUnavailable: the database does not answer; the verdict is due again when its lease ends.
        """
        try:
            owner = self._owners[telling.subject]
            taken = await owner.reviewed(telling.verdict, timeout_seconds=timeout_seconds)
        except Problem as problem:
            await self._unanswered(telling, problem)
        else:
            await self._answered(telling, taken.status)

    async def drive(self) -> int:
        """Tell verdicts that are due; return how many were.

        Raises:
            DependencyUnavailable: as ``tell``.
        """
        async with self._database.connection() as connection:
            claimed = await store.claim(connection, new_id(), _TOGETHER)
        async with asyncio.TaskGroup() as group:
            for telling in claimed:
                group.create_task(self.tell(telling, timeout_seconds=PATIENT_SECONDS))
        return len(claimed)

    async def _answered(self, telling: Telling, status: str) -> None:
        async with self._database.transaction() as connection:
            took = await store.told(connection, telling, status)
        if telling.verdict.outcome == "approve" and status in _AGAINST_APPROVAL:
            movement = str(telling.verdict.subject_id)
            _log.warning("approval_without_effect", subject=telling.subject, subject_id=movement, status=status)
        if took is not None:
            _told.labels(telling.verdict.outcome).inc()
            _took.observe(took.total_seconds())

    async def _unanswered(self, telling: Telling, problem: Problem) -> None:
        """Give up where the owner does not know the movement; any other refusal may pass, as of an older version."""
        movement = str(telling.verdict.subject_id)
        if problem.status == _UNKNOWN:
            async with self._database.transaction() as connection:
                await store.told(connection, telling, problem.code, failed=True)
            _failed.inc()
            _log.error("verdict_refused", subject=telling.subject, subject_id=movement, code=problem.code)
            return
        async with self._database.transaction() as connection:
            await store.later(connection, telling, pause_after(telling.attempts))
        _log.warning("verdict_not_told", subject=telling.subject, subject_id=movement, code=problem.code)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: twice as long each time, up to half a minute."""
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
