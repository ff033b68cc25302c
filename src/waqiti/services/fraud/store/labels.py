"""What was found out about movements, and disputes about them."""

from collections.abc import Sequence
from typing import Final

from waqiti.contracts.casework import DisputeEvent
from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.labels import Finding

_ADD: Final = """
INSERT INTO labels (subject_id, source, origin, label, actor, at)
SELECT n.subject_id, n.source, n.origin, n.label, n.actor, n.at
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
     AS n (subject_id, source, origin, label, actor, at)
ON CONFLICT (subject_id, origin) DO NOTHING
"""


async def add(connection: Connection, findings: Sequence[Finding]) -> None:
    """Store labels; a second one of the same origin is the first."""
    if not findings:
        return
    await connection.execute(
        _ADD,
        [row.subject_id for row in findings],
        [row.source for row in findings],
        [row.origin for row in findings],
        [row.label for row in findings],
        [row.actor for row in findings],
        [row.at for row in findings],
    )


# What is resolved is never open again.
_DISPUTES: Final = """
INSERT INTO disputes AS d (id, payment_id, kind, status, at)
SELECT n.id, n.payment_id, n.kind, n.status, n.at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) AS n (id, payment_id, kind, status, at)
ORDER BY n.id
ON CONFLICT (id) DO UPDATE SET status = excluded.status, at = excluded.at WHERE d.status = 'open'
"""


async def write_disputes(connection: Connection, disputes: Sequence[DisputeEvent]) -> None:
    """Write how disputes stand; each is given once."""
    if not disputes:
        return
    await connection.execute(
        _DISPUTES,
        [row.dispute_id for row in disputes],
        [row.payment_id for row in disputes],
        [row.kind for row in disputes],
        [row.status for row in disputes],
        [row.at for row in disputes],
    )
