"""Movements that became known as fraud."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.labels import Finding


class Fraud(msgspec.Struct, frozen=True):
    """A movement that was scored, and is known as fraud."""

    movement_id: UUID
    kind: Literal["payment", "withdrawal", "exchange"]
    payer: UUID
    payee: UUID | None
    amount: int
    currency: str
    created_at: datetime


_ADD: Final = """
WITH scored AS (
    SELECT n.at, d.id, d.kind, d.from_customer, d.to_customer, d.amount, d.currency, d.created_at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, at)
    CROSS JOIN LATERAL (SELECT * FROM decisions WHERE id = n.id LIMIT 1) AS d
), added AS (
    INSERT INTO known_frauds (movement_id, at) SELECT id, at FROM scored ORDER BY id
    ON CONFLICT (movement_id) DO NOTHING RETURNING movement_id
)
SELECT s.id, s.kind, s.from_customer, s.to_customer, s.amount, s.currency, s.created_at
FROM scored s JOIN added ON added.movement_id = s.id
"""


async def add(connection: Connection, findings: Sequence[Finding]) -> list[Fraud]:
    """Note frauds, each movement once; return those that are new and were scored."""
    rows = await connection.fetch(_ADD, [row.subject_id for row in findings], [row.at for row in findings])
    return [Fraud(*row) for row in rows]
