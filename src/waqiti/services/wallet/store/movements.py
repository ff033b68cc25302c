"""Deposits and withdrawals."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.reviews import Verdict
from waqiti.foundation.database import Connection
from waqiti.services.wallet.domain.movements import ENDED, Change, Kind, MovementRow, Review
from waqiti.services.wallet.domain.reviews import APPROVED, DECLINED

if TYPE_CHECKING:
    import asyncpg

_encode: Final = msgspec.json.Encoder().encode
_REVIEW: Final = msgspec.json.Decoder(Review)
_VERDICT: Final = msgspec.json.Decoder(Verdict)

LEASE: Final = timedelta(seconds=8)
"""How long a driver may be silent; it renews with every change."""

_INSERT: Final = """
WITH made AS (
    INSERT INTO movements (id, kind, wallet_id, customer_id, amount, currency, rail, reference, step, next_at, lease,
        leased_until, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp() + $12, $10, $10)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO movement_transitions (movement_id, at, before, after, actor, reason)
SELECT id, $10, NULL, 'pending', $13, 'asked' FROM made
RETURNING movement_id
"""


async def insert(connection: Connection, movement: MovementRow, actor: str) -> bool:
    """Store a new movement under the lease it carries; False where it is there already, and stays as it is."""
    row = await connection.fetchrow(
        _INSERT,
        movement.id,
        movement.kind,
        movement.wallet_id,
        movement.customer_id,
        movement.amount,
        movement.currency,
        movement.rail,
        movement.reference,
        movement.step,
        movement.created_at,
        movement.lease,
        LEASE,
        actor,
    )
    return row is not None


_FIND: Final = """
SELECT id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code, failure_detail,
    rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
FROM movements WHERE id = $1 AND kind = $2
"""


async def find(connection: Connection, movement_id: UUID, kind: Kind) -> MovementRow | None:
    """Read one movement."""
    row = await connection.fetchrow(_FIND, movement_id, kind)
    return _movement(row) if row is not None else None


_PREFETCHED: Final = 1_000

_ENDED: Final = """
SELECT id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code, failure_detail,
    rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
FROM movements
WHERE status = ANY ($1) AND next_at IS NULL AND changed_at >= $2 AND ($3::uuid[] IS NULL OR id = ANY ($3))
"""


async def ended(connection: Connection, since: datetime, only: Sequence[UUID] | None) -> AsyncIterator[MovementRow]:
    """Stream movements that have ended since an instant and are at rest; ``only`` these, where given."""
    async for row in connection.cursor(_ENDED, list(ENDED), since, only, prefetch=_PREFETCHED):
        yield _movement(row)


_CLAIM: Final = """
UPDATE movements SET lease = $1, leased_until = clock_timestamp() + $2
WHERE id = ANY (ARRAY(
    SELECT id FROM movements
    WHERE next_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY next_at LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code,
    failure_detail, rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
"""


async def claim(connection: Connection, lease: UUID, limit: int) -> list[MovementRow]:
    """Take up to ``limit`` movements that are due and that nobody drives."""
    return [_movement(row) for row in await connection.fetch(_CLAIM, lease, LEASE, limit)]


_CLAIM_ONE: Final = """
UPDATE movements SET lease = $2, leased_until = clock_timestamp() + $3
WHERE id = $1 AND next_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
RETURNING id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code,
    failure_detail, rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
"""


async def claim_one(connection: Connection, movement_id: UUID, lease: UUID) -> MovementRow | None:
    """Take one movement, where it is due and nobody drives it."""
    row = await connection.fetchrow(_CLAIM_ONE, movement_id, lease, LEASE)
    return _movement(row) if row is not None else None


_ADVANCE: Final = """
WITH moved AS (
    UPDATE movements m SET
        status = $3,
        step = $4,
        failure_code = coalesce($5, m.failure_code),
        failure_detail = coalesce($6, m.failure_detail),
        rail_reference = coalesce($7, m.rail_reference),
        review = coalesce($8::text::json, m.review),
        verdict = CASE WHEN $14 THEN NULL ELSE m.verdict END,
        capture_round = coalesce($9, m.capture_round),
        attempts = CASE WHEN m.step = $4 AND $10::interval IS NOT NULL THEN m.attempts + 1 ELSE 0 END,
        next_at = CASE
            WHEN $4 = 'done' AND $10::interval IS NULL THEN NULL
            ELSE clock_timestamp() + coalesce($10, interval '0')
        END,
        lease = CASE WHEN $11 THEN NULL ELSE m.lease END,
        leased_until = CASE WHEN $11 THEN NULL ELSE clock_timestamp() + $12::interval END,
        changed_at = CASE WHEN m.status = $3 THEN m.changed_at ELSE clock_timestamp() END
    FROM (SELECT id, status FROM movements WHERE id = $1 AND lease = $2 FOR UPDATE) old
    WHERE m.id = old.id
    RETURNING m.*, old.status AS before
), logged AS (
    INSERT INTO movement_transitions (movement_id, at, before, after, actor, reason)
    SELECT id, changed_at, before, status, 'wallet-service', $13 FROM moved WHERE before <> status
)
SELECT id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code, failure_detail,
    rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
FROM moved
"""


async def advance(connection: Connection, movement: MovementRow, change: Change) -> MovementRow | None:
    """Make a change and log it, where the movement's lease still holds; None where somebody else has taken over."""
    failure = change.failure
    row = await connection.fetchrow(
        _ADVANCE,
        movement.id,
        movement.lease,
        change.status,
        change.step,
        failure.code if failure else None,
        failure.detail if failure else None,
        change.rail_reference,
        _encode(change.review).decode() if change.review else None,
        change.capture_round,
        change.pause,
        change.rests,
        LEASE,
        change.reason,
        change.verdict_taken,
    )
    return _movement(row) if row is not None else None


_LOCK: Final = """
SELECT id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code, failure_detail,
    rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
FROM movements WHERE id = $1 AND kind = $2 FOR UPDATE
"""


async def lock(connection: Connection, movement_id: UUID, kind: Kind) -> MovementRow | None:
    """Read one movement that nobody else changes, its driver included, until the transaction ends."""
    row = await connection.fetchrow(_LOCK, movement_id, kind)
    return _movement(row) if row is not None else None


_TELL: Final = """
WITH told AS (
    UPDATE movements
    SET verdict = $2::text::json, next_at = clock_timestamp(), attempts = 0, lease = $3,
        leased_until = clock_timestamp() + $4::interval
    WHERE id = $1
    RETURNING *
), logged AS (
    INSERT INTO movement_transitions (movement_id, at, before, after, actor, reason)
    SELECT id, clock_timestamp(), status, status, $5, $6 FROM told
)
SELECT id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, failure_code, failure_detail,
    rail_reference, review, verdict, capture_round, attempts, lease, created_at, changed_at
FROM told
"""


async def tell(connection: Connection, movement: MovementRow, verdict: Verdict, lease: UUID) -> MovementRow:
    """Keep a verdict about a movement that is locked and in review, and take it from whoever drives it."""
    said, reason = _encode(verdict).decode(), APPROVED if verdict.outcome == "approve" else DECLINED
    row = await connection.fetchrow(_TELL, movement.id, said, lease, LEASE, verdict.actor, reason)
    assert row is not None
    return _movement(row)


_LET_GO: Final = "UPDATE movements SET lease = NULL, leased_until = NULL WHERE id = $1 AND lease = $2"


async def let_go(connection: Connection, movement: MovementRow) -> None:
    """Give a lease back, so that anybody may take the movement at once."""
    await connection.execute(_LET_GO, movement.id, movement.lease)


_WAKE: Final = """
UPDATE movements SET next_at = clock_timestamp()
WHERE id = ANY($1) AND (leased_until IS NULL OR leased_until < clock_timestamp())
  AND (step = 'rail' OR (step = 'done' AND kind = 'withdrawal' AND status = 'settled'))
RETURNING id
"""


async def wake(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Make movements due that wait for their rail, or that it may still return; return which these are."""
    return {row["id"] for row in await connection.fetch(_WAKE, ids)}


_WAITING: Final = """
SELECT id FROM movements
WHERE id = ANY($1) AND CASE kind
    WHEN 'deposit' THEN step = 'rail'
    ELSE status NOT IN ('declined', 'failed', 'returned') END
"""


async def waiting_for_rail(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those to whom news of the rail can still mean something."""
    return {row["id"] for row in await connection.fetch(_WAITING, ids)}


_OPEN: Final = """
SELECT count(*) FROM movements WHERE wallet_id = $1 AND status IN ('pending', 'screening', 'in_review')
"""


async def count_open(connection: Connection, wallet_id: UUID) -> int:
    """Count the movements of a wallet that are on their way."""
    count: int = await connection.fetchval(_OPEN, wallet_id)
    return count


def _movement(row: "asyncpg.Record") -> MovementRow:
    review, verdict = row["review"], row["verdict"]
    read = {
        "review": None if review is None else _REVIEW.decode(review),
        "verdict": None if verdict is None else _VERDICT.decode(verdict),
    }
    return MovementRow(**{**row, **read})
