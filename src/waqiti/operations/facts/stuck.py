"""Payments that nothing is decided about: which, since when, why, and how much money they are about.

No index knows a status. Ids rise with time: no payment below the mark of payment-service's sweeper is ``created``, and
all that are ``screening`` are parked.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.payment import CONSUMER_GROUP, PAYMENT_EVENTS, Status
from waqiti.foundation.database import Connection
from waqiti.operations.facts.queue import STANDS_IN_LINE

StuckReason = Literal["away", "poison", "lost", "queued"]
"""``away``: a service that it needs did not answer; ``poison``: one could not digest it; ``lost``: no event that is to
come will move it; ``queued``: its event stands in line, and nobody has taken it."""


class StuckPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits. ``since`` is when it was parked, else created; ``next_try_at`` is poison's."""

    id: UUID
    status: Status
    reason: StuckReason
    amount: int
    currency: str
    created_at: datetime
    since: datetime
    next_try_at: datetime | None


_PAYMENTS: Final = f"""
WITH created AS (
    SELECT s.id, s.status FROM states s
    WHERE s.id > (SELECT upto FROM sweeps WHERE name = 'queued') AND s.id < $3 AND s.status = 'created'
    ORDER BY s.id
    LIMIT $4
),
screening AS (
    SELECT s.id, s.status, w.reason, w.parked_at, w.retry_at
    FROM parked w
    JOIN states s ON s.id = w.payment_id AND s.status = 'screening'
    WHERE w.payment_id < $3
    ORDER BY w.payment_id
    LIMIT $4
),
queued AS (
    SELECT c.id, c.status, NULL AS parked, NULL::timestamptz AS parked_at, NULL::timestamptz AS retry_at
    FROM created c
    UNION ALL
    SELECT w.id, w.status, w.reason, w.parked_at, w.retry_at FROM screening w
)
SELECT p.id, queued.status,
       coalesce(queued.parked, CASE WHEN {STANDS_IN_LINE} THEN 'queued' ELSE 'lost' END) AS reason,
       p.amount, p.currency, p.created_at, coalesce(queued.parked_at, p.created_at) AS since,
       CASE WHEN queued.parked = 'poison' THEN queued.retry_at END AS next_try_at
FROM queued
JOIN payments p ON p.id = queued.id
ORDER BY p.id
LIMIT $4
"""  # noqa: S608 - of constants


async def stuck_payments(connection: Connection, before: UUID, limit: int) -> list[StuckPayment]:
    """List payments with ids below ``before`` that nothing is decided about, the oldest first, at most ``limit``."""
    found = await connection.fetch(_PAYMENTS, CONSUMER_GROUP, PAYMENT_EVENTS, before, limit)
    return [StuckPayment(**dict(row)) for row in found]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Payments in one currency and status, and what they are about in minor units."""

    status: Status
    currency: str
    payments: int
    amount: int


_TOTALS: Final = """
WITH stuck AS (
    SELECT s.id, s.status FROM states s
    WHERE s.id > (SELECT upto FROM sweeps WHERE name = 'queued') AND s.id < $1 AND s.status = 'created'
    UNION ALL
    SELECT s.id, s.status
    FROM parked w
    JOIN states s ON s.id = w.payment_id AND s.status = 'screening'
    WHERE w.payment_id < $1
)
SELECT s.status, p.currency, count(*) AS payments, sum(p.amount)::bigint AS amount
FROM stuck s
JOIN payments p ON p.id = s.id
GROUP BY s.status, p.currency
ORDER BY p.currency, s.status
"""


async def stuck_totals(connection: Connection, before: UUID) -> list[Total]:
    """Add up all payments with ids below ``before`` that nothing is decided about."""
    return [Total(**dict(row)) for row in await connection.fetch(_TOTALS, before)]


# Whose money is held has a clock, and only they have one.
_HELD: Final = """
SELECT s.status, p.currency, count(*) AS payments, sum(p.amount)::bigint AS amount
FROM clocks c
JOIN states s ON s.id = c.payment_id
JOIN payments p ON p.id = c.payment_id
WHERE c.deadline_at > '-infinity' AND s.status IN ('in_review', 'authorized')
GROUP BY s.status, p.currency
ORDER BY p.currency, s.status
"""


async def held_totals(connection: Connection) -> list[Total]:
    """Add up payments that wait for people: in review, or authorized and not captured."""
    return [Total(**dict(row)) for row in await connection.fetch(_HELD)]
