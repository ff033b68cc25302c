"""Finding payments that stand still, without an index on their status.

Ids rise with time, so a sweep looks at a range of them: from where everything before it is known to have moved on, up
to those too young to be late. An id may be committed a little after it was minted; the last minute is looked at again.
"""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import CONSUMER_GROUP, PAYMENT_EVENTS
from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import Facts
from waqiti.services.payment.store import rows

# The event of a payment that merely stands in line is found in the log after the group's mark; it is not lost.
_LOST: Final = """
WITH still AS (
    SELECT s.id FROM states s
    WHERE s.id > (SELECT upto FROM sweeps WHERE name = 'queued') AND s.id < $1 AND s.status = 'created'
    ORDER BY s.id
    LIMIT $2
)
SELECT p.id, p.from_wallet, p.to_wallet, p.from_account, p.to_account, p.from_customer, p.to_customer, p.amount,
       p.currency, p.manual, p.fee, p.description, p.metadata, p.created_by, p.created_at,
       NOT EXISTS (
           SELECT FROM eventlog.events e
           LEFT JOIN eventlog.marks m
               ON m.group_name = $3 AND m.topic = e.topic AND m.partition = e.partition
           WHERE e.subject = still.id AND e.topic = $4 AND e."offset" >= coalesce(m."offset", 0)
       ) AS lost
FROM still
JOIN payments p ON p.id = still.id
ORDER BY p.id
"""


class Still(msgspec.Struct, frozen=True):
    """A payment that is still ``created``; ``lost`` where no event that is to come will move it."""

    facts: Facts
    lost: bool


async def standing_still(connection: Connection, before: UUID, limit: int) -> list[Still]:
    """List payments with ids below ``before`` that are still ``created``, by id."""
    found = await connection.fetch(_LOST, before, limit, CONSUMER_GROUP, PAYMENT_EVENTS)
    return [Still(rows.facts(tuple(row)[:-1]), row["lost"]) for row in found]


_MOVE: Final = "UPDATE sweeps SET upto = $2 WHERE name = $1 AND upto < $2"


async def move_queued(connection: Connection, upto: UUID) -> None:
    """Say that no payment up to ``upto`` is still ``created``."""
    await connection.execute(_MOVE, "queued", upto)


_LATE: Final = """
WITH range AS (
    SELECT upto FROM sweeps WHERE name = 'late' FOR UPDATE
),
late AS (
    SELECT count(*) AS payments FROM states s, range
    WHERE s.id > range.upto AND s.id <= $1 AND s.status IN ('created', 'screening')
),
moved AS (
    UPDATE sweeps SET upto = $1 WHERE name = 'late' AND upto < $1
)
SELECT payments FROM late
"""


async def count_late(connection: Connection, upto: UUID) -> int:
    """Count, once each, payments with ids up to ``upto`` that nothing is decided about."""
    late: int = await connection.fetchval(_LATE, upto)
    return late
