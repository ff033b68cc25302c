"""Reservations, and the counters that they take from.

Whoever locks reservations does so before counters, and each in the order of their keys.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from waqiti.contracts.compliance import ComplianceDecision, CustomerFacts, Resolution
from waqiti.contracts.fraud import Reason
from waqiti.foundation.database import Connection
from waqiti.services.compliance.domain.limits import Counter
from waqiti.services.compliance.domain.reservations import Reservation
from waqiti.services.compliance.domain.usage import Share

_NO_ROOM: Final = "WQ002"
_OUTDATED: Final = "WQ003"

_encode: Final = msgspec.json.Encoder().encode
_REASONS: Final = msgspec.json.Decoder(list[Reason])


class NoRoom(Exception):
    """A window has no room for all of a batch; nothing was reserved."""


class Outdated(Exception):
    """A party no longer stands as it did when it was read; nothing was reserved."""


_RESERVE: Final = """
SELECT reserve(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
)
"""


async def reserve(
    connection: Connection,
    rows: Sequence[Reservation],
    shares: Mapping[Counter, Share],
    parties: Collection[CustomerFacts],
    version: str,
) -> None:
    """Store new reservations and take their shares, all or nothing, while ``parties`` stand so under ``version``.

    Raises:
        Outdated: a party stands otherwise by now.
        NoRoom: a window has no room for all of them.
        UniqueViolationError: one of them is known.
    """
    taken = sorted(shares.items(), key=lambda item: item[0].place)
    try:
        await connection.execute(
            _RESERVE,
            *_counter_columns([counter for counter, _ in taken]),
            [share.amount for _, share in taken],
            [share.limit for _, share in taken],
            *_reservation_columns(rows),
            [party.id for party in parties],
            [party.tier for party in parties],
            [party.status for party in parties],
            version,
        )
    except asyncpg.PostgresError as error:
        if error.sqlstate == _NO_ROOM:
            raise NoRoom from error
        if error.sqlstate == _OUTDATED:
            raise Outdated from error
        raise


_CLAIM: Final = """
INSERT INTO reservations (
    id, customer_id, amount, counted, max_credit_balance, day, currency, kind, state, outcome, refusals, reasons
)
SELECT n.id, n.customer_id, n.amount, CASE WHEN n.state = 'reserved' THEN n.amount ELSE 0 END, n.balance, n.day,
       n.currency, n.kind, n.state, n.outcome, string_to_array(n.refusals, ','), n.reasons::json
FROM unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::date[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[]
) AS n (id, customer_id, amount, balance, day, currency, kind, state, outcome, refusals, reasons)
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


async def claim(connection: Connection, rows: Sequence[Reservation]) -> frozenset[UUID]:
    """Store those of ``rows`` that are new, before any window is looked at; return their ids."""
    return frozenset(row["id"] for row in await connection.fetch(_CLAIM, *_reservation_columns(rows)))


_LOCK_COUNTERS: Final = """
INSERT INTO usage AS u (customer_id, currency, period, starts, used)
SELECT n.customer_id, n.currency, n.period, n.starts, 0
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[]) AS n (customer_id, currency, period, starts)
ON CONFLICT (customer_id, currency, period, starts) DO UPDATE SET used = u.used
RETURNING customer_id, currency, period, starts, used
"""


async def lock_counters(connection: Connection, counters: Sequence[Counter]) -> dict[Counter, int]:
    """Lock counters until the transaction ends, made where they are missing; return what is used of each."""
    ordered = sorted(counters, key=lambda counter: counter.place)
    rows = await connection.fetch(_LOCK_COUNTERS, *_counter_columns(ordered))
    return {Counter(row[0], row[1], row[2], row[3]): row[4] for row in rows}


_TAKE: Final = """
UPDATE usage u SET used = u.used + n.amount
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::bigint[])
    AS n (customer_id, currency, period, starts, amount)
WHERE u.customer_id = n.customer_id AND u.currency = n.currency AND u.period = n.period AND u.starts = n.starts
"""


async def take(connection: Connection, shares: Mapping[Counter, Share]) -> None:
    """Take shares from counters that are locked and have the room."""
    amounts = [share.amount for share in shares.values()]
    await connection.execute(_TAKE, *_counter_columns(list(shares)), amounts)


_REFUSE: Final = """
UPDATE reservations r
SET state = 'refused', counted = 0, max_credit_balance = NULL, outcome = n.outcome,
    refusals = string_to_array(n.refusals, ','), reasons = n.reasons::json
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n (id, outcome, refusals, reasons)
WHERE r.id = n.id
"""


async def refuse(connection: Connection, rows: Sequence[Reservation]) -> None:
    """Turn claimed reservations into refusals."""
    decisions = [row.decision for row in rows]
    await connection.execute(
        _REFUSE,
        [decision.id for decision in decisions],
        [decision.outcome for decision in decisions],
        [",".join(decision.refusals) for decision in decisions],
        [_encode(decision.reasons).decode() for decision in decisions],
    )


_FIND: Final = """
SELECT id, outcome, refusals, reasons::text, max_credit_balance FROM reservations WHERE id = ANY($1)
"""


async def find(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, ComplianceDecision]:
    """Read what was decided about ``ids``."""
    return {row["id"]: _decision(row) for row in await connection.fetch(_FIND, ids)}


_RESOLVE: Final = "SELECT resolve_reservations($1, $2, $3)"


async def resolve(connection: Connection, resolutions: Sequence[Resolution]) -> int:
    """Confirm or release what is open; return how many were."""
    ordered = sorted(resolutions, key=lambda resolution: resolution.id.int)
    resolved: int = await connection.fetchval(
        _RESOLVE,
        [resolution.id for resolution in ordered],
        [resolution.outcome == "confirm" for resolution in ordered],
        [resolution.amount for resolution in ordered],
    )
    return resolved


_CLAIM_OPEN: Final = """
UPDATE reservations SET ask_at = now() + $2
WHERE id = ANY (ARRAY(
    SELECT id FROM reservations
    WHERE state = 'reserved' AND kind = 'payment' AND ask_at <= now()
    ORDER BY ask_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING id
"""


async def claim_open(connection: Connection, limit: int, ask_again_after: timedelta) -> list[UUID]:
    """Return payments whose reservation has been open for long; nobody else is given them for a while."""
    return [row["id"] for row in await connection.fetch(_CLAIM_OPEN, limit, ask_again_after)]


def _counter_columns(counters: Sequence[Counter]) -> tuple[list[object], ...]:
    return (
        [counter.customer_id for counter in counters],
        [counter.currency for counter in counters],
        [counter.period for counter in counters],
        [counter.starts for counter in counters],
    )


def _reservation_columns(rows: Sequence[Reservation]) -> tuple[list[object], ...]:
    ordered = sorted(rows, key=lambda row: row.item.id.int)
    items, decisions = [row.item for row in ordered], [row.decision for row in ordered]
    return (
        [item.id for item in items],
        [item.from_customer for item in items],
        [item.amount for item in items],
        [decision.max_credit_balance for decision in decisions],
        [row.day for row in ordered],
        [item.currency for item in items],
        [item.kind for item in items],
        [row.state for row in ordered],
        [decision.outcome for decision in decisions],
        [",".join(decision.refusals) if decision.refusals else None for decision in decisions],
        [_encode(decision.reasons).decode() if decision.reasons else None for decision in decisions],
    )


def _decision(row: "asyncpg.Record") -> ComplianceDecision:
    identifier, outcome, refusals, reasons, balance = row
    return ComplianceDecision(
        id=identifier,
        outcome=outcome,
        refusals=refusals or [],
        reasons=_REASONS.decode(reasons) if reasons is not None else [],
        max_credit_balance=balance,
    )
