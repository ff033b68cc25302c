"""What this service says about the ledger, read in one snapshot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from waqiti.contracts.catalog import WALLET
from waqiti.contracts.ledger import Attestation
from waqiti.foundation.database import Connection, open_snapshot
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.attestations import of_movement


@asynccontextmanager
async def open_attestations(
    dsn: str, since: datetime, only: Sequence[UUID] | None = None
) -> AsyncIterator[AsyncIterator[Attestation]]:
    """Open a snapshot of the database at ``dsn`` and stream what deposits and withdrawals that have ended attest.

    ``only`` asks for those of these movements.

    Raises:
        DependencyUnavailable: the database does not answer.
    """
    async with open_snapshot(dsn, WALLET, "waqiti ledger verify") as connection:
        yield _stream(connection, since, only)


async def _stream(connection: Connection, since: datetime, only: Sequence[UUID] | None) -> AsyncIterator[Attestation]:
    async for movement in store.movements.ended(connection, since, only):
        for attestation in of_movement(movement):
            yield attestation
