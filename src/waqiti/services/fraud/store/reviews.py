"""Reviews."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import Reason
from waqiti.contracts.public.reviews import ReviewStatus
from waqiti.contracts.reviews import ReviewKind
from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.dossiers import Review

if TYPE_CHECKING:
    import asyncpg

_encode: Final = msgspec.json.Encoder().encode
_REASONS: Final = msgspec.json.Decoder(list[Reason])

_INSERT: Final = """
INSERT INTO reviews (
    id, subject, subject_id, round, kind, status, from_wallet, to_wallet, amount, currency, score, reasons, opened_at,
    decided_at, decide_by
)
SELECT n.id, n.subject, n.subject_id, n.round, n.kind, n.status, n.from_wallet, n.to_wallet, n.amount, n.currency,
       n.score, n.reasons::json, n.opened_at, n.decided_at, n.decide_by
FROM unnest(
    $1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::bigint[],
    $10::text[], $11::float8[], $12::text[], $13::timestamptz[], $14::timestamptz[],
    $15::timestamptz[]
) AS n (
    id, subject, subject_id, round, kind, status, from_wallet, to_wallet, amount, currency, score, reasons, opened_at,
    decided_at, decide_by
)
"""

_UPDATE: Final = """
UPDATE reviews r
SET status = n.status, decided_at = n.decided_at, decided_by = n.decided_by, reason = n.reason, label = n.label,
    score = n.score, reasons = n.reasons::json, decide_by = n.decide_by
FROM unnest(
    $1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::text[],
    $9::timestamptz[]
) AS n (id, status, decided_at, decided_by, reason, label, score, reasons, decide_by)
WHERE r.id = n.id
"""


async def insert(connection: Connection, rows: Sequence[Review]) -> None:
    """Store new reviews: open ones, and ones that were closed before anybody saw them."""
    if not rows:
        return
    await connection.execute(
        _INSERT,
        [row.id for row in rows],
        [row.subject for row in rows],
        [row.subject_id for row in rows],
        [row.round for row in rows],
        [row.kind for row in rows],
        [row.status for row in rows],
        [row.from_wallet for row in rows],
        [row.to_wallet for row in rows],
        [row.amount for row in rows],
        [row.currency for row in rows],
        [row.score for row in rows],
        [_encode(row.reasons).decode() for row in rows],
        [row.opened_at for row in rows],
        [row.decided_at for row in rows],
        [row.decide_by for row in rows],
    )


async def update(connection: Connection, rows: Collection[Review]) -> None:
    """Write what has become of reviews, and what is known of their movements now."""
    if not rows:
        return
    await connection.execute(
        _UPDATE,
        [row.id for row in rows],
        [row.status for row in rows],
        [row.decided_at for row in rows],
        [row.decided_by for row in rows],
        [row.reason for row in rows],
        [row.label for row in rows],
        [row.score for row in rows],
        [_encode(row.reasons).decode() for row in rows],
        [row.decide_by for row in rows],
    )


_FIND: Final = """
SELECT id, subject, subject_id, round, kind, status, from_wallet, to_wallet, amount, currency, score, reasons,
       opened_at, decide_by, decided_at, decided_by, reason, label
FROM reviews WHERE id = $1
"""


async def find(connection: Connection, review_id: UUID) -> Review | None:
    """Read one review."""
    row = await connection.fetchrow(_FIND, review_id)
    return _review(row) if row is not None else None


_OF_SUBJECTS: Final = """
SELECT id, subject, subject_id, round, kind, status, from_wallet, to_wallet, amount, currency, score, reasons,
       opened_at, decide_by, decided_at, decided_by, reason, label
FROM reviews WHERE subject_id = ANY ($1) ORDER BY subject_id, id
"""


async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Review]]:
    """Read all reviews of movements, the oldest first."""
    found: dict[UUID, list[Review]] = defaultdict(list)
    for row in await connection.fetch(_OF_SUBJECTS, ids):
        found[row["subject_id"]].append(_review(row))
    return found


# Each status and kind has its own end of the index.
_NEWEST: Final = """
SELECT r.id, r.subject, r.subject_id, r.round, r.kind, r.status, r.from_wallet, r.to_wallet, r.amount, r.currency,
       r.score, r.reasons, r.opened_at, r.decide_by, r.decided_at, r.decided_by, r.reason, r.label
FROM unnest($1::text[]) AS s (status)
CROSS JOIN unnest($2::text[]) AS k (kind)
CROSS JOIN LATERAL (
    SELECT * FROM reviews w WHERE w.status = s.status AND w.kind = k.kind AND w.id < $3 ORDER BY w.id DESC LIMIT $4
) AS r
ORDER BY r.id DESC
LIMIT $4
"""


async def newest(
    connection: Connection, statuses: Sequence[ReviewStatus], kinds: Sequence[ReviewKind], before: UUID, limit: int
) -> list[Review]:
    """Read reviews of these statuses and kinds, the newest first, from below the id ``before``."""
    return [_review(row) for row in await connection.fetch(_NEWEST, statuses, kinds, before, limit)]


class Backlog(msgspec.Struct, frozen=True):
    """How many reviews of a kind are open, and for how long the oldest has been; None where there is none."""

    kind: ReviewKind
    count: int
    oldest_seconds: float | None


_BACKLOG: Final = """
SELECT k.kind, count(r.id), extract(epoch FROM clock_timestamp() - min(r.opened_at))::float8
FROM unnest($1::text[]) AS k (kind)
LEFT JOIN reviews r ON r.status = 'open' AND r.kind = k.kind
GROUP BY k.kind
"""


async def backlog(connection: Connection, kinds: Sequence[ReviewKind]) -> list[Backlog]:
    """Count what is open."""
    return [Backlog(*row) for row in await connection.fetch(_BACKLOG, kinds)]


def _review(row: "asyncpg.Record") -> Review:
    return Review(**{**row, "reasons": _REASONS.decode(row["reasons"])})
