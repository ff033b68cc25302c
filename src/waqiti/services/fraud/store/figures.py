"""Counting what the score did with movements that are legitimate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from waqiti.foundation.database import Connection
from waqiti.foundation.ids import first_id, minted_at
from waqiti.services.fraud.domain.minutes import MINUTE, counted_again, minute_of
from waqiti.services.fraud.domain.rates import Counts

_ONE_COUNTS: Final = "SELECT pg_try_advisory_xact_lock(hashtext('fraud scored minutes'))"


async def may_fold(connection: Connection) -> bool:
    """Tell whether this transaction is the one that folds minutes; there is one at a time."""
    alone: bool = await connection.fetchval(_ONE_COUNTS)
    return alone


_NEWEST: Final = "SELECT minute FROM scored_minutes ORDER BY minute DESC LIMIT 1"
_FIRST_ID: Final = "SELECT id FROM decisions WHERE id >= $1 ORDER BY id LIMIT 1"


async def unfolded_since(connection: Connection, since: datetime) -> datetime | None:
    """Return where folding goes on, not before ``since``: the first minute after the folded ones with anything in it.

    None where nothing has been scored from there on.
    """
    newest: datetime | None = await connection.fetchval(_NEWEST)
    if newest is not None and newest + MINUTE >= since:
        return newest + MINUTE
    first: UUID | None = await connection.fetchval(_FIRST_ID, first_id(since))
    return None if first is None else minute_of(minted_at(first))


_DUE: Final = "SELECT minute FROM scored_minutes WHERE count_at <= $1 ORDER BY count_at LIMIT $2"


async def due_again(connection: Connection, now: datetime, limit: int) -> list[datetime]:
    """Return folded minutes that are to be counted again."""
    return [row["minute"] for row in await connection.fetch(_DUE, now, limit)]


_FOLD: Final = """
INSERT INTO scored_minutes (minute, count_at, approved)
SELECT n.minute, n.count_at, c.approved
FROM unnest($1::timestamptz[], $2::timestamptz[], $3::uuid[], $4::uuid[]) AS n (minute, count_at, first, next)
CROSS JOIN LATERAL (
    SELECT count(*) AS approved FROM decisions d WHERE d.id >= n.first AND d.id < n.next AND d.outcome = 'approve'
) AS c
ON CONFLICT (minute) DO UPDATE SET approved = excluded.approved, count_at = excluded.count_at
"""


async def fold(connection: Connection, minutes: Sequence[datetime], now: datetime) -> None:
    """Count what the score approved in each of these minutes."""
    if not minutes:
        return
    again = [counted_again(minute, now) for minute in minutes]
    ends = [first_id(minute + MINUTE) for minute in minutes]
    await connection.execute(_FOLD, minutes, again, [first_id(minute) for minute in minutes], ends)


_FORGET: Final = "DELETE FROM scored_minutes WHERE minute < $1"


async def forget(connection: Connection, before: datetime) -> None:
    """Let go of minutes that no window reaches any more."""
    await connection.execute(_FORGET, before)


# Known as legitimate: labelled so, or approved by who reviewed the score, unless the newest label says fraud. Each of
# the few is looked up: no plan may settle on walking through all decisions.
_FLAGGED: Final = """
SELECT count(*)
FROM (
    SELECT l.subject_id FROM labels l WHERE l.subject_id >= $1
    UNION
    SELECT r.subject_id FROM reviews r WHERE r.subject_id >= $1 AND r.kind = 'fraud' AND r.status = 'approved'
) AS s
CROSS JOIN LATERAL (SELECT d.outcome FROM decisions d WHERE d.id = s.subject_id LIMIT 1) AS scored
LEFT JOIN LATERAL (
    SELECT n.label FROM labels n WHERE n.subject_id = s.subject_id ORDER BY n.at DESC, n.origin DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT r.id FROM reviews r
    WHERE r.subject_id = s.subject_id AND r.kind = 'fraud' AND r.status = 'approved' LIMIT 1
) AS cleared ON true
WHERE scored.outcome <> 'approve'
  AND (newest.label = 'legitimate' OR (newest.label IS DISTINCT FROM 'fraud' AND cleared.id IS NOT NULL))
"""

_AGAINST: Final = """
SELECT count(*)
FROM (
    SELECT l.subject_id FROM labels l WHERE l.subject_id >= $1
    UNION
    SELECT p.payment_id FROM disputes p WHERE p.payment_id >= $1 AND p.kind = 'fraud'
) AS s
CROSS JOIN LATERAL (SELECT d.outcome FROM decisions d WHERE d.id = s.subject_id LIMIT 1) AS scored
LEFT JOIN LATERAL (
    SELECT n.label FROM labels n WHERE n.subject_id = s.subject_id ORDER BY n.at DESC, n.origin DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT p.id FROM disputes p
    WHERE p.payment_id = s.subject_id AND p.kind = 'fraud' AND p.status <> 'won' LIMIT 1
) AS disputed ON true
WHERE scored.outcome = 'approve' AND (newest.label = 'fraud' OR disputed.id IS NOT NULL)
"""

_APPROVED: Final = """
SELECT (SELECT coalesce(sum(approved), 0) FROM scored_minutes WHERE minute >= $1 AND minute < $2)::bigint
     + (SELECT count(*) FROM decisions WHERE id >= $3 AND outcome = 'approve')
"""


async def counts(connection: Connection, since: datetime, unfolded: datetime | None) -> Counts:
    """Count the legitimate movements minted since a minute's beginning; from ``unfolded`` on one by one."""
    if unfolded is None:
        return Counts(flagged=0, presumed=0)
    first = first_id(since)
    flagged: int = await connection.fetchval(_FLAGGED, first)
    approved: int = await connection.fetchval(_APPROVED, since, unfolded, first_id(max(unfolded, since)))
    against: int = await connection.fetchval(_AGAINST, first)
    return Counts(flagged=flagged, presumed=max(0, approved - against))
