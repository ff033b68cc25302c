"""Manual entries."""

from typing import Final
from uuid import UUID

from waqiti.contracts.public.ledger import JournalStatus
from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.journal import JournalRow, Proposal, Ruling

_PROPOSE: Final = """
INSERT INTO ledger.journal (id, debit, credit, amount, currency, effective_at, reverses, proposed_by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def propose(connection: Connection, proposal: Proposal) -> None:
    """Keep what is proposed; a unique violation where it takes back what another one takes back."""
    await connection.execute(
        _PROPOSE,
        proposal.id,
        proposal.debit,
        proposal.credit,
        proposal.amount,
        proposal.currency,
        proposal.effective_at,
        proposal.reverses,
        proposal.proposed_by,
        proposal.reason,
    )


_LOCK: Final = "SELECT FROM ledger.journal WHERE id = $1 FOR UPDATE"


async def lock(connection: Connection, id_: UUID) -> JournalRow | None:
    """Lock an entry until the transaction ends, and read it."""
    await connection.execute(_LOCK, id_)
    return await find(connection, id_)


_FIND: Final = """
SELECT j.id, j.debit, d.kind AS debit_kind, j.credit, c.kind AS credit_kind, j.amount, j.currency, j.effective_at,
       j.reverses, j.status, j.code, j.proposed_at, j.proposed_by, j.reason, j.decided_at, j.decided_by,
       j.decision_reason
FROM ledger.journal j JOIN ledger.accounts d ON d.id = j.debit JOIN ledger.accounts c ON c.id = j.credit
WHERE j.id = $1
"""


async def find(connection: Connection, id_: UUID) -> JournalRow | None:
    """Read an entry."""
    row = await connection.fetchrow(_FIND, id_)
    return None if row is None else JournalRow(**row)


_REVERSAL_OF: Final = "SELECT id FROM ledger.journal WHERE reverses = $1 AND status IN ('proposed', 'posted')"


async def reversal_of(connection: Connection, id_: UUID) -> UUID | None:
    """Return what takes an entry back, or would; None where nothing does."""
    found: UUID | None = await connection.fetchval(_REVERSAL_OF, id_)
    return found


_DECIDE: Final = """
UPDATE ledger.journal
SET status = $2, code = $3, decided_at = clock_timestamp(), decided_by = $4, decision_reason = $5
WHERE id = $1
"""


async def decide(connection: Connection, id_: UUID, ruling: Ruling, decided_by: str, reason: str) -> None:
    """Write what became of a locked entry."""
    await connection.execute(_DECIDE, id_, ruling.status, ruling.code, decided_by, reason)


# Bounds that are always there are ones that an index begins at, whatever plan was made.
_SELECT: Final = """
SELECT j.id, j.debit, d.kind AS debit_kind, j.credit, c.kind AS credit_kind, j.amount, j.currency, j.effective_at,
       j.reverses, j.status, j.code, j.proposed_at, j.proposed_by, j.reason, j.decided_at, j.decided_by,
       j.decision_reason
FROM (SELECT * FROM ledger.journal WHERE {bounds} ORDER BY id DESC LIMIT $2) AS j
JOIN ledger.accounts d ON d.id = j.debit JOIN ledger.accounts c ON c.id = j.credit
ORDER BY j.id DESC
"""
_NEWEST: Final = _SELECT.format(bounds="id < $1")
_NEWEST_OF_STATUS: Final = _SELECT.format(bounds="status = $3 AND id < $1")


async def newest(connection: Connection, status: JournalStatus | None, before: UUID, limit: int) -> list[JournalRow]:
    """Read the entries below an id, the newest first."""
    if status is None:
        return [JournalRow(**row) for row in await connection.fetch(_NEWEST, before, limit)]
    return [JournalRow(**row) for row in await connection.fetch(_NEWEST_OF_STATUS, before, limit, status)]
