"""What this service says about the ledger, read in one snapshot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.ledger import Attestation
from waqiti.foundation.database import Connection, open_snapshot
from waqiti.services.payment.domain import attestations as rules
from waqiti.services.payment.store import attestations


@asynccontextmanager
async def open_attestations(
    dsn: str, since: datetime, only: Sequence[UUID] | None = None
) -> AsyncIterator[AsyncIterator[Attestation]]:
    """Open a snapshot of the database at ``dsn`` and stream what final payments and refunds attest.

    ``only`` asks for those of these payments. Payments that are not final attest nothing.

    Raises:
        DependencyUnavailable: the database does not answer.
    """
    async with open_snapshot(dsn, PAYMENT, "waqiti ledger verify") as connection:
        yield _stream(connection, since, only)


async def _stream(connection: Connection, since: datetime, only: Sequence[UUID] | None) -> AsyncIterator[Attestation]:
    async for payment in attestations.payments(connection, since, only):
        for attestation in rules.of_payment(payment):
            yield attestation
    async for refund in attestations.refunds(connection, since, only):
        for attestation in rules.of_refund(refund):
            yield attestation
