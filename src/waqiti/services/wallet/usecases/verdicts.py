"""What people decided about withdrawals: kept first, then acted upon at once."""

from typing import Final

from waqiti.contracts.public.wallets import MovementStatus
from waqiti.contracts.reviews import Verdict
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import IN_REVIEW, MovementRow
from waqiti.services.wallet.domain.reviews import kept
from waqiti.services.wallet.usecases.attempts import Attempts

ANSWER_SECONDS: Final = 0.7
"""How long whoever tells waits for what becomes of it; it is acted upon either way."""

_log: Final = logger(__name__)


class Verdicts:
    """Takes verdicts, each as often as it is told."""

    def __init__(self, database: Database, attempts: Attempts) -> None:
        self._database = database
        self._attempts = attempts

    async def take(self, verdict: Verdict) -> MovementStatus:
        """Keep a verdict, act upon it, and return the withdrawal's status; one that waits for nobody stays as it is.

        Whoever drives the withdrawal at this moment loses it: nothing that they do in a review moves money, and what
        they would have made of it counts only if it was there first.

        Raises:
            Problem: 404 where there is no such withdrawal.
            DependencyUnavailable: the database does not answer; the verdict is to be told again.
        """
        async with self._database.transaction() as connection:
            found = await store.movements.lock(connection, verdict.subject_id, "withdrawal")
            if found is None:
                raise Problem.not_found("There is no withdrawal with this id.")
            ours = await self._taken(connection, found, verdict)
        driven = await self._attempts.drive(ours, seconds=ANSWER_SECONDS) if ours is not None else None
        return (driven or await self._read(verdict)).status

    async def _taken(self, connection: Connection, found: MovementRow, verdict: Verdict) -> MovementRow | None:
        """Return the withdrawal with its verdict, leased to us; None where it is over, or somebody acts upon it."""
        if found.step not in IN_REVIEW:
            if found.step == "release" and verdict.outcome == "approve":
                _log.warning("approval_too_late", withdrawal=str(found.id), code=found.failure_code)
            return None
        if found.verdict == kept(verdict):
            return await store.movements.claim_one(connection, found.id, new_id())
        return await store.movements.tell(connection, found, kept(verdict), new_id())

    async def _read(self, verdict: Verdict) -> MovementRow:
        async with self._database.connection() as connection:
            found = await store.movements.find(connection, verdict.subject_id, "withdrawal")
        assert found is not None
        return found
