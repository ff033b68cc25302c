"""Customers, their screenings and verifications."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import CustomerFacts, CustomerStatus, Tier
from waqiti.foundation.database import Connection
from waqiti.services.compliance.domain.customers import CustomerRow, Document, NewCustomer, Screened

if TYPE_CHECKING:
    import asyncpg

_encode: Final = msgspec.json.Encoder().encode


class Standing(msgspec.Struct, frozen=True):
    """What deciding about money needs to know of a customer, and by which list they were screened last."""

    facts: CustomerFacts
    screening_version: str


class NamedCustomer(msgspec.Struct, frozen=True):
    """A customer to screen."""

    id: UUID
    name: str


_INSERT: Final = """
INSERT INTO customers (id, name, country, date_of_birth, email, status, screening_version)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id, name, country, date_of_birth, email, tier, status, created_at
"""


async def insert(connection: Connection, customer_id: UUID, new: NewCustomer, screened: Screened) -> CustomerRow:
    """Take on a customer, in the status that screening gave."""
    row = await connection.fetchrow(
        _INSERT,
        customer_id,
        new.name,
        new.country,
        new.date_of_birth,
        new.email,
        screened.status,
        screened.list_version,
    )
    assert row is not None
    return _customer(row)


_FIND: Final = """
SELECT id, name, country, date_of_birth, email, tier, status, created_at FROM customers WHERE id = $1
"""


async def find(connection: Connection, customer_id: UUID) -> CustomerRow | None:
    """Read a customer."""
    row = await connection.fetchrow(_FIND, customer_id)
    return _customer(row) if row is not None else None


_LOCK: Final = """
SELECT id, name, country, date_of_birth, email, tier, status, created_at FROM customers WHERE id = $1 FOR NO KEY UPDATE
"""


async def lock(connection: Connection, customer_id: UUID) -> CustomerRow | None:
    """Read a customer whom nobody else changes until the transaction ends."""
    row = await connection.fetchrow(_LOCK, customer_id)
    return _customer(row) if row is not None else None


_LOCK_ALL: Final = "SELECT id, name FROM customers WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"


async def lock_all(connection: Connection, ids: Sequence[UUID]) -> list[NamedCustomer]:
    """Return customers whom nobody else changes, nor decides about, until the transaction ends."""
    return [NamedCustomer(*row) for row in await connection.fetch(_LOCK_ALL, ids)]


_SET_STATUS: Final = "UPDATE customers SET status = $2, updated_at = now() WHERE id = $1"


async def set_status(connection: Connection, customer_id: UUID, status: CustomerStatus) -> None:
    """Let a customer use their wallets, or not."""
    await connection.execute(_SET_STATUS, customer_id, status)


_SET_TIER: Final = """
UPDATE customers SET tier = $2, updated_at = now() WHERE id = $1
RETURNING id, name, country, date_of_birth, email, tier, status, created_at
"""


async def set_tier(connection: Connection, customer_id: UUID, tier: Tier) -> CustomerRow:
    """Give a customer a tier."""
    row = await connection.fetchrow(_SET_TIER, customer_id, tier)
    assert row is not None
    return _customer(row)


_ADD_VERIFICATION: Final = """
INSERT INTO verifications (id, customer_id, tier_before, tier, verified_by, documents)
VALUES ($1, $2, $3, $4, $5, $6::text::json)
"""


async def add_verification(
    connection: Connection,
    verification_id: UUID,
    before: CustomerRow,
    tier: Tier,
    verified_by: str,
    documents: Sequence[Document],
) -> None:
    """Record who gave which tier on what grounds."""
    shown = _encode(documents).decode()
    await connection.execute(_ADD_VERIFICATION, verification_id, before.id, before.tier, tier, verified_by, shown)


_STANDINGS: Final = "SELECT id, tier, status, screening_version FROM customers WHERE id = ANY($1)"


async def standings(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Read how customers stand; unknown ones are left out."""
    rows = await connection.fetch(_STANDINGS, ids)
    return {row[0]: Standing(CustomerFacts(id=row[0], tier=row[1], status=row[2]), row[3]) for row in rows}


_NAMES: Final = "SELECT id, name FROM customers WHERE id = ANY($1) AND screening_version <> $2 ORDER BY id"


async def names_of(connection: Connection, ids: Sequence[UUID], version: str) -> list[NamedCustomer]:
    """Read the names of those of ``ids`` whom the list of ``version`` has not seen."""
    return [NamedCustomer(*row) for row in await connection.fetch(_NAMES, ids, version)]


# A bound that is always there is one that the index begins at, whatever plan was made.
_BEFORE_ALL: Final = UUID(int=0)

_NAMES_AFTER: Final = """
SELECT id, name FROM customers WHERE id > $1 AND screening_version <> $2 ORDER BY id LIMIT $3
"""


async def names_after(connection: Connection, after: UUID | None, version: str, limit: int) -> list[NamedCustomer]:
    """Read the next customers, by id, whom the list of ``version`` has not seen."""
    return [NamedCustomer(*row) for row in await connection.fetch(_NAMES_AFTER, after or _BEFORE_ALL, version, limit)]


_ADD_SCREENING: Final = """
INSERT INTO screenings (customer_id, list_version, outcome, found)
SELECT n.customer_id, n.version, n.outcome, string_to_array(n.found, ',')
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n (customer_id, version, outcome, found)
"""


async def add_screening(connection: Connection, customer_id: UUID, screened: Screened) -> None:
    """Record what screening a new customer found."""
    await connection.execute(_ADD_SCREENING, *_screening_columns([(customer_id, screened)]))


# A customer who is no longer found stays blocked or in review: cases are for people. Who becomes blocked is frozen.
_SCREENED_AGAIN: Final = """
WITH recorded AS (
    INSERT INTO screenings (customer_id, list_version, outcome, found)
    SELECT n.customer_id, n.version, n.outcome, string_to_array(n.found, ',')
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n (customer_id, version, outcome, found)
), screened AS (
    UPDATE customers c
    SET screening_version = n.version, updated_at = now(),
        status = CASE
            WHEN n.outcome = 'confirmed' THEN 'blocked'
            WHEN n.outcome = 'possible' AND c.status = 'active' THEN 'in_review'
            ELSE c.status
        END
    FROM (
        SELECT k.id, k.status, s.version, s.outcome
        FROM unnest($1::uuid[], $2::text[], $3::text[]) AS s (id, version, outcome)
        JOIN customers k ON k.id = s.id
        ORDER BY k.id
        FOR NO KEY UPDATE OF k
    ) AS n
    WHERE c.id = n.id
    RETURNING c.id, c.status, n.status AS before
)
INSERT INTO freezes AS f (customer_id)
SELECT id FROM screened WHERE status = 'blocked' AND before <> 'blocked'
ON CONFLICT (customer_id) DO UPDATE
SET asked_at = clock_timestamp(), next_at = clock_timestamp(), frozen_at = NULL, attempts = 0
"""


async def screened_again(connection: Connection, screened: Sequence[tuple[UUID, Screened]]) -> None:
    """Record what screening known customers found; block those who were, and ask for their wallets to be frozen."""
    await connection.execute(_SCREENED_AGAIN, *_screening_columns(screened))


def _screening_columns(screened: Sequence[tuple[UUID, Screened]]) -> tuple[list[object], ...]:
    return (
        [customer_id for customer_id, _ in screened],
        [found.list_version for _, found in screened],
        [found.outcome for _, found in screened],
        [",".join(found.references) for _, found in screened],
    )


def _customer(row: "asyncpg.Record") -> CustomerRow:
    return CustomerRow(
        id=row["id"],
        name=row["name"],
        country=row["country"],
        date_of_birth=row["date_of_birth"],
        email=row["email"],
        tier=row["tier"],
        status=row["status"],
        created_at=row["created_at"],
    )
