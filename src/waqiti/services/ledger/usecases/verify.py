"""Proves the books: everything that must hold, read in one snapshot."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.database.connecting import open_connection
from waqiti.services.ledger.store import proofs

RECENT: Final = timedelta(minutes=10)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Whole tables are joined here: looking rows up one by one, which a plan may choose by old statistics, takes an hour.
_SESSION: Final = {
    "work_mem": "64MB",
    "plan_cache_mode": "auto",
    "enable_seqscan": "on",
    "enable_nestloop": "off",
    "enable_partitionwise_join": "on",
    "enable_partitionwise_aggregate": "on",
    "idle_in_transaction_session_timeout": "60s",
}


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


async def verify(dsn: str, *, quick: bool = False) -> Verdict:
    """Prove the books in the database at ``dsn``; ``quick`` looks at the last ten minutes only.

    It reads one snapshot (repeatable read) and writes nothing; the server streams, memory stays bounded.

    Raises:
        DependencyUnavailable: the database does not answer.
    """
    connection = await open_connection(dsn, LEDGER, "waqiti ledger verify", _SESSION)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            since = await proofs.database_now(connection) - RECENT if quick else _EVER
            found = [
                Finding(proof.name, offence.subject, offence.detail)
                for proof in proofs.PROOFS
                if not (quick and proof.whole)
                for offence in await proofs.offences(connection, proof, since)
            ]
            counted = await proofs.counts(connection)
    finally:
        await connection.close()
    return Verdict(balanced=not found, transfers=counted.transfers, accounts=counted.accounts, problems=found)
