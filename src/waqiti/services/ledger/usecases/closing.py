"""Closing periods."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.ledger import NewPeriodClose, PeriodClose
from waqiti.foundation import ids
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.telemetry import logger
from waqiti.services.ledger.domain.checks import check_reason
from waqiti.services.ledger.domain.closing import CloseRow, check_ended, closed
from waqiti.services.ledger.store import closes, proofs

_encode: Final = msgspec.json.Encoder().encode
_log: Final = logger(__name__)


async def close(database: Database, request: RequestKey, request_id: str, asked: NewPeriodClose, actor: str) -> Answer:
    """Close the days up to one, or find that it was done: the first reason stands.

    Batches that are under way land before it; it waits for them, and later ones for it.

    Raises:
        Problem: 422 where the period has not ended or the reason says nothing; what ``begin`` raises.
        DependencyUnavailable: a batch took too long to end; nothing is closed.
    """
    check_reason(asked.reason)
    async with database.transaction() as connection:
        found = await begin(connection, request, ids.new_id)
        if isinstance(found, Stored):
            return replay(found)
        check_ended(asked.through, await proofs.database_now(connection))
        row = await closes.close(connection, found.resource_id, asked.through, actor, asked.reason)
        if row is None:
            problem = closed(f"A later day than {asked.through} is closed, and so is {asked.through}.")
            return await keep_refusal(connection, request, problem, request_id)
        answer = await keep(connection, request, Answer(200, _encode(view(row))))
    _log.info("period_closed", through=str(row.through), actor=row.closed_by)
    return answer


async def newest(database: Database, before: UUID | None, limit: int) -> list[CloseRow]:
    """Read the closes below an id, the newest first."""
    async with database.connection() as connection:
        return await closes.newest(connection, ids.LAST_ID if before is None else before, limit)


def view(row: CloseRow) -> PeriodClose:
    """Return a close as the API shows it."""
    return PeriodClose(
        id=ids.encode(prefixes.PERIOD_CLOSE, row.id),
        through=row.through,
        reason=row.reason,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )
