"""Which of the services that decide have answered about payments; each keeps its first answer."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.catalog import COMPLIANCE, FRAUD
from waqiti.foundation.database import Connection

_SCORED: Final = "SELECT id FROM decisions WHERE id = ANY ($1::uuid[])"
_SCREENED: Final = "SELECT id FROM reservations WHERE id = ANY ($1::uuid[])"

_ANSWERED: Final = {FRAUD: _SCORED, COMPLIANCE: _SCREENED}
ASKED_FIRST: Final = tuple(_ANSWERED)
"""The services that are asked before the ledger is."""


async def answered(connection: Connection, deployment: str, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of ``ids`` that a service of ``ASKED_FIRST`` has answered about, from its own database."""
    return frozenset(row["id"] for row in await connection.fetch(_ANSWERED[deployment], ids))
