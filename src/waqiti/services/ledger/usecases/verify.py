"""Proves the books: everything that must hold, read in one snapshot of each database."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.database import Connection, open_snapshot
from waqiti.services.ledger.store import proofs
from waqiti.services.ledger.usecases.attesting import AttestationSource, disproved

RECENT: Final = timedelta(minutes=10)
MAX_ATTESTED: Final = 10
ATTESTED: Final = "what_services_attest_is_in_the_books"
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_APPLICATION: Final = "waqiti ledger verify"


class Finding(msgspec.Struct, frozen=True):
    """Something that does not hold: which rule, of what, and how."""

    check: str
    subject: str
    detail: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What ``waqiti ledger verify`` prints; ``problems`` name the first offenders of each rule."""

    balanced: bool
    transfers: int
    accounts: int
    problems: list[Finding]


async def verify(dsn: str, attesting: Sequence[AttestationSource] = (), *, quick: bool = False) -> Verdict:
    """Prove the books in the database at ``dsn``, and that they bear out what the services ``attesting`` say.

    It reads one snapshot of each database, the ledger's last, and writes nothing; the servers stream, memory stays
    bounded. ``quick`` looks at the last ten minutes only.

    Raises:
        DependencyUnavailable: a database does not answer.
    """
    since = await _recently(dsn) if quick else _EVER
    suspects: list[UUID] = []
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(source(since, None)) for source in attesting]
        connection = await stack.enter_async_context(open_snapshot(dsn, LEDGER, _APPLICATION))
        problems = await _proved(connection, since, quick=quick)
        for stream in streams:
            suspects += [one.owner for one, _ in await disproved(connection, stream, MAX_ATTESTED)]
        counted = await proofs.counts(connection)
    if suspects:
        problems += await _looked_at_again(dsn, attesting, suspects)
    return Verdict(balanced=not problems, transfers=counted.transfers, accounts=counted.accounts, problems=problems)


async def _recently(dsn: str) -> datetime:
    async with open_snapshot(dsn, LEDGER, _APPLICATION) as connection:
        return await proofs.database_now(connection) - RECENT


async def _proved(connection: Connection, since: datetime, *, quick: bool) -> list[Finding]:
    return [
        Finding(proof.name, offence.subject, offence.detail)
        for proof in proofs.PROOFS
        if not (quick and proof.whole)
        for offence in await proofs.offences(connection, proof, since)
    ]


async def _looked_at_again(dsn: str, attesting: Sequence[AttestationSource], suspects: Sequence[UUID]) -> list[Finding]:
    """Compare once more, in new snapshots: what differs now as well is reported."""
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(source(_EVER, suspects)) for source in attesting]
        connection = await stack.enter_async_context(open_snapshot(dsn, LEDGER, _APPLICATION))
        return [
            Finding(ATTESTED, one.subject, difference)
            for stream in streams
            for one, difference in await disproved(connection, stream, MAX_ATTESTED)
        ]
