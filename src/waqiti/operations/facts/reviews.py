"""What people had to look at about one movement, and what they decided; their free text stays there."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection

_MOST: Final = 100


class ReviewFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A review: ``decided_by`` is the key of who decided; ``status`` is open, approved, declined or closed."""

    id: UUID
    kind: str
    status: str
    label: str | None
    decided_by: str | None
    opened_at: datetime
    decided_at: datetime | None


class VerdictFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner of the movement is told; ``state`` is due until it has answered ``answer``."""

    outcome: str
    state: str
    attempts: int
    answer: str | None
    decided_at: datetime
    told_at: datetime | None


class ReviewsFacts(msgspec.Struct, frozen=True):
    """Both in the order of time."""

    reviews: list[ReviewFacts]
    verdicts: list[VerdictFacts]


_REVIEWS: Final = """
SELECT id, kind, status, label, decided_by, opened_at, decided_at
FROM reviews WHERE subject_id = $1 ORDER BY id LIMIT $2
"""
_VERDICTS: Final = """
SELECT outcome, state, attempts, answer, decided_at, told_at
FROM verdicts WHERE subject_id = $1 ORDER BY round LIMIT $2
"""


async def reviews_facts(connection: Connection, movement_id: UUID) -> ReviewsFacts:
    """Read the reviews of a movement from fraud-service's database."""
    reviews = await connection.fetch(_REVIEWS, movement_id, _MOST)
    verdicts = await connection.fetch(_VERDICTS, movement_id, _MOST)
    return ReviewsFacts([ReviewFacts(**dict(row)) for row in reviews], [VerdictFacts(**dict(row)) for row in verdicts])
