"""Cases, and the entries of lists that customers were cleared of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.public.cases import CaseMatch, CaseStatus
from waqiti.foundation.database import Connection
from waqiti.foundation.ids import LAST_ID, new_id
from waqiti.services.compliance.domain.cases import CaseRow, Finding
from waqiti.services.compliance.domain.screening import EntryKey

if TYPE_CHECKING:
    import asyncpg

_encode: Final = msgspec.json.Encoder().encode
_MATCHES: Final = msgspec.json.Decoder(list[CaseMatch])

_OPEN_OF: Final = """
SELECT id, customer_id, outcome, status, list_version, matches, opened_at, decided_at, decided_by, reason
FROM cases WHERE customer_id = ANY($1) AND status = 'open'
"""


async def open_of(connection: Connection, customer_ids: Sequence[UUID]) -> dict[UUID, CaseRow]:
    """Read the open cases of customers, by customer."""
    rows = await connection.fetch(_OPEN_OF, customer_ids)
    return {row["customer_id"]: _case(row) for row in rows}


_FILE: Final = """
INSERT INTO cases AS c (id, customer_id, outcome, list_version, matches)
SELECT n.id, n.customer_id, n.outcome, n.list_version, n.matches::json
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
    AS n (id, customer_id, outcome, list_version, matches)
ON CONFLICT (customer_id) WHERE status <> 'approved' DO UPDATE
SET outcome = excluded.outcome, list_version = excluded.list_version, matches = excluded.matches
WHERE c.status = 'open'
RETURNING customer_id, id
"""


async def file(connection: Connection, findings: Mapping[UUID, Finding]) -> dict[UUID, UUID]:
    """Open a case for each customer, or have their open one say this; one that was declined stays as it is.

    Return the ids of the cases, by customer.
    """
    found = list(findings.values())
    rows = await connection.fetch(
        _FILE,
        [new_id() for _ in found],
        list(findings),
        [one.outcome for one in found],
        [one.list_version for one in found],
        [_encode(one.matches).decode() for one in found],
    )
    return {row["customer_id"]: row["id"] for row in rows}


_FIND: Final = """
SELECT id, customer_id, outcome, status, list_version, matches, opened_at, decided_at, decided_by, reason
FROM cases WHERE id = $1
"""


async def find(connection: Connection, case_id: UUID) -> CaseRow | None:
    """Read a case. What it says changes only under the lock of its customer's row."""
    row = await connection.fetchrow(_FIND, case_id)
    return _case(row) if row is not None else None


# Bounds that are always there are ones that the index begins at, whatever plan was made.
_NEWEST: Final = """
SELECT id, customer_id, outcome, status, list_version, matches, opened_at, decided_at, decided_by, reason
FROM cases WHERE id < $1 ORDER BY id DESC LIMIT $2
"""
_NEWEST_OF_STATUS: Final = """
SELECT id, customer_id, outcome, status, list_version, matches, opened_at, decided_at, decided_by, reason
FROM cases WHERE status = $3 AND id < $1 ORDER BY id DESC LIMIT $2
"""


async def newest(connection: Connection, status: CaseStatus | None, before: UUID | None, limit: int) -> list[CaseRow]:
    """Read the cases that were opened last, of one status where it is given, from below the id ``before`` on."""
    bounds = (before or LAST_ID, limit)
    if status is None:
        rows = await connection.fetch(_NEWEST, *bounds)
    else:
        rows = await connection.fetch(_NEWEST_OF_STATUS, *bounds, status)
    return [_case(row) for row in rows]


_DECIDE: Final = """
UPDATE cases SET status = $2, decided_at = clock_timestamp(), decided_by = $3, reason = $4
WHERE id = $1
RETURNING id, customer_id, outcome, status, list_version, matches, opened_at, decided_at, decided_by, reason
"""


async def decide(connection: Connection, case_id: UUID, status: CaseStatus, decided_by: str, reason: str) -> CaseRow:
    """End a case that is open."""
    row = await connection.fetchrow(_DECIDE, case_id, status, decided_by, reason)
    assert row is not None
    return _case(row)


_CLEAR: Final = """
INSERT INTO clearances (customer_id, source, reference, case_id)
SELECT $1, n.source, n.reference, $2 FROM unnest($3::text[], $4::text[]) AS n (source, reference)
ON CONFLICT DO NOTHING
"""


async def clear(connection: Connection, case: CaseRow) -> None:
    """Remember that a customer is none of those whom a case is about."""
    sources = [source for source, _ in case.entries]
    references = [reference for _, reference in case.entries]
    await connection.execute(_CLEAR, case.customer_id, case.id, sources, references)


_CLEARED: Final = "SELECT customer_id, source, reference FROM clearances WHERE customer_id = ANY($1)"


async def cleared(connection: Connection, customer_ids: Sequence[UUID]) -> dict[UUID, set[EntryKey]]:
    """Read which entries customers are not; those of whom nothing is known are left out."""
    found: dict[UUID, set[EntryKey]] = {}
    for customer_id, source, reference in await connection.fetch(_CLEARED, customer_ids):
        found.setdefault(customer_id, set()).add((source, reference))
    return found


def _case(row: "asyncpg.Record") -> CaseRow:
    return CaseRow(**{**row, "matches": _MATCHES.decode(row["matches"])})
