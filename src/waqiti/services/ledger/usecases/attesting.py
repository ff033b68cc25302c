"""Compares what other services attest with what the ledger stored."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Attestation
from waqiti.foundation.database import Connection
from waqiti.services.ledger.domain.attested import differs
from waqiti.services.ledger.domain.books import StoredTransfer
from waqiti.services.ledger.store import holds, transfers

BATCH: Final = 1_000

AttestationSource: TypeAlias = Callable[
    [datetime, Sequence[UUID] | None], AbstractAsyncContextManager[AsyncIterator[Attestation]]
]
"""Opens a snapshot of a service's database and streams what it attests since an instant, for all or some owners."""


async def disproved(
    connection: Connection, attestations: AsyncIterator[Attestation], limit: int
) -> list[tuple[Attestation, str]]:
    """Return the first ``limit`` attestations that the ledger's rows do not bear out, each with what they say."""
    found: list[tuple[Attestation, str]] = []
    batch: list[Attestation] = []
    async for attestation in attestations:
        batch.append(attestation)
        if len(batch) == BATCH:
            found += await _compared(connection, batch)
            batch.clear()
        if len(found) >= limit:
            return found[:limit]
    found += await _compared(connection, batch)
    return found[:limit]


async def _compared(connection: Connection, batch: Sequence[Attestation]) -> list[tuple[Attestation, str]]:
    asked = [one.transfer_id for one in batch] + [one.otherwise for one in batch if one.otherwise is not None]
    stored = await transfers.find(connection, asked)
    batch = [_that_counts(one, stored) for one in batch]
    held = [row.id for row in stored.values() if row.outcome == "held"]
    kept = await holds.find(connection, held) if held else {}
    resolvers = [hold.resolved_by for hold in kept.values() if hold.resolved_by is not None]
    resolved = await transfers.find(connection, resolvers) if resolvers else {}
    endings = {row.target: row for row in resolved.values() if row.target is not None}
    compared = [(one, differs(one, stored.get(one.transfer_id), endings.get(one.transfer_id))) for one in batch]
    return [(one, difference) for one, difference in compared if difference is not None]


def _that_counts(attested: Attestation, stored: Mapping[UUID, StoredTransfer]) -> Attestation:
    """Return what is attested of the other transfer, where the first was refused and there is another."""
    first = stored.get(attested.transfer_id)
    if attested.otherwise is None or attested.otherwise_credit is None or first is None or first.outcome != "refused":
        return attested
    return msgspec.structs.replace(
        attested, transfer_id=attested.otherwise, credit=attested.otherwise_credit, otherwise=None
    )
