"""Accepting payments, and the keys under which they were accepted."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.payment.domain.payments import Facts
from waqiti.services.payment.store.rows import encode


class NewPayment(msgspec.Struct, frozen=True):
    """A payment to accept: ``key_hash`` is the sha256 of the key in its scope."""

    facts: Facts
    key_hash: bytes
    body_hash: bytes


class KnownKey(msgspec.Struct, frozen=True):
    """A key under which a payment was accepted before."""

    key_hash: bytes
    body_hash: bytes
    payment_id: UUID


_ACCEPT: Final = """
SELECT accept_payments(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27
)
"""


async def accept(connection: Connection, payments: Sequence[NewPayment], events: Sequence[list[object]]) -> None:
    """Insert payments with their states and events (``EventWriter.arguments``), in one round trip and one commit.

    Raises:
        asyncpg.UniqueViolationError: a key is known; nothing was written.
    """
    facts = [payment.facts for payment in payments]
    await connection.execute(
        _ACCEPT,
        [one.id for one in facts],
        [payment.key_hash for payment in payments],
        [payment.body_hash for payment in payments],
        [one.from_wallet for one in facts],
        [one.to_wallet for one in facts],
        [one.from_account for one in facts],
        [one.to_account for one in facts],
        [one.from_customer for one in facts],
        [one.to_customer for one in facts],
        [one.amount for one in facts],
        [one.fee for one in facts],
        [one.created_at for one in facts],
        [one.manual for one in facts],
        [one.currency for one in facts],
        [one.created_by for one in facts],
        [one.description for one in facts],
        [encode(one.metadata).decode() if one.metadata else None for one in facts],
        *events,
    )


_KNOWN_KEYS: Final = "SELECT key_hash, body_hash, id FROM payments WHERE key_hash = ANY ($1::bytea[])"


async def known_keys(connection: Connection, key_hashes: Sequence[bytes]) -> list[KnownKey]:
    """Return those of ``key_hashes`` under which payments exist."""
    rows = await connection.fetch(_KNOWN_KEYS, key_hashes)
    return [KnownKey(*row) for row in rows]
