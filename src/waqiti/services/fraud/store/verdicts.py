"""Verdicts that owners of movements are to be told."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.reviews import ReviewSubject, Verdict
from waqiti.foundation.database import Connection

if TYPE_CHECKING:
    import asyncpg

LEASE: Final = timedelta(seconds=7)
"""How long a worker that tells may be silent: longer than it waits for an answer."""
SHORT_LEASE: Final = timedelta(seconds=2)
"""How long a request that tells may be."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict to tell. ``lease`` is of who tells it now, None where anybody may; so many ``attempts`` were begun."""

    subject: ReviewSubject
    round: int
    verdict: Verdict
    attempts: int
    lease: UUID | None


_INSERT: Final = """
INSERT INTO verdicts (
    subject_id, round, subject, outcome, approved, declined, actor, reason, decided_at, next_at, attempts, lease,
    leased_until
)
VALUES ($1, $2, $3, $4, string_to_array($5, ','), $6, $7, $8, clock_timestamp(), clock_timestamp(), $9, $10,
        CASE WHEN $10::uuid IS NOT NULL THEN clock_timestamp() + $11::interval END)
"""


async def insert(connection: Connection, telling: Telling) -> None:
    """Store a verdict, in the short lease of who is going to tell it, where there is one."""
    verdict = telling.verdict
    await connection.execute(
        _INSERT,
        verdict.subject_id,
        telling.round,
        telling.subject,
        verdict.outcome,
        ",".join(verdict.approved),
        verdict.declined,
        verdict.actor,
        verdict.reason,
        telling.attempts,
        telling.lease,
        SHORT_LEASE,
    )


_SUPERSEDE: Final = "UPDATE verdicts SET state = 'superseded' WHERE subject_id = ANY ($1) AND state = 'due'"


async def supersede(connection: Connection, subjects: Sequence[UUID]) -> None:
    """Have nothing told any more of what was decided about movements before."""
    if subjects:
        await connection.execute(_SUPERSEDE, subjects)


_CLAIM: Final = """
UPDATE verdicts v
SET lease = $1, leased_until = clock_timestamp() + $2, attempts = attempts + 1
FROM (
    SELECT subject_id, round FROM verdicts
    WHERE state = 'due' AND next_at <= clock_timestamp()
      AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY next_at LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
) AS due
WHERE v.subject_id = due.subject_id AND v.round = due.round
RETURNING v.subject_id, v.round, v.subject, v.outcome, v.approved, v.declined, v.actor, v.reason, v.attempts, v.lease
"""


async def claim(connection: Connection, lease: UUID, limit: int) -> list[Telling]:
    """Take verdicts that are due and that nobody is telling."""
    return [_telling(row) for row in await connection.fetch(_CLAIM, lease, LEASE, limit)]


_TOLD: Final = """
UPDATE verdicts
SET state = $3, answer = $4, told_at = clock_timestamp(), lease = NULL, leased_until = NULL
WHERE subject_id = $1 AND round = $2 AND state = 'due'
RETURNING told_at - decided_at AS took
"""


async def told(connection: Connection, telling: Telling, answer: str, *, failed: bool = False) -> timedelta | None:
    """Record the owner's answer; return how long after the decision it came, None where it is not the first."""
    state = "failed" if failed else "told"
    row = await connection.fetchrow(_TOLD, telling.verdict.subject_id, telling.round, state, answer)
    took: timedelta | None = row["took"] if row is not None else None
    return took


_REVIVE: Final = """
UPDATE verdicts
SET state = 'due', next_at = clock_timestamp(), told_at = NULL, answer = NULL, attempts = 1, lease = $3,
    leased_until = clock_timestamp() + $4
WHERE subject_id = $1 AND round = $2 AND state = 'failed'
RETURNING subject_id, round, subject, outcome, approved, declined, actor, reason, attempts, lease
"""


async def revive(connection: Connection, subject_id: UUID, number: int, lease: UUID) -> list[Telling]:
    """Have a round's verdict told again whose movement its owner did not know, in the short lease of who tells it."""
    return [_telling(row) for row in await connection.fetch(_REVIVE, subject_id, number, lease, SHORT_LEASE)]


_LATER: Final = """
UPDATE verdicts SET next_at = clock_timestamp() + $4, lease = NULL, leased_until = NULL
WHERE subject_id = $1 AND round = $2 AND lease = $3 AND state = 'due'
"""


async def later(connection: Connection, telling: Telling, pause: timedelta) -> None:
    """Give the lease back; the verdict is due again after a pause."""
    await connection.execute(_LATER, telling.verdict.subject_id, telling.round, telling.lease, pause)


def _telling(row: "asyncpg.Record") -> Telling:
    verdict = Verdict(
        subject_id=row["subject_id"],
        outcome=row["outcome"],
        approved=row["approved"],
        declined=row["declined"],
        actor=row["actor"],
        reason=row["reason"],
    )
    return Telling(
        subject=row["subject"], round=row["round"], verdict=verdict, attempts=row["attempts"], lease=row["lease"]
    )
