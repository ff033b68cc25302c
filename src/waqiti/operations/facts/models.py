"""Which models came into force, by whom and why."""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.foundation.database import Connection


class ModelInForce(msgspec.Struct, frozen=True):
    """A version came into force; ``former`` is None for the first one of a model."""

    model: str
    revision: int
    version: str
    former: str | None
    since: datetime
    by: str
    reason: str


_SINCE: Final = """
SELECT c.model, c.revision, c.version, f.version AS former, c.since, c.by, c.reason
FROM champions c LEFT JOIN champions f ON f.model = c.model AND f.revision = c.revision - 1
WHERE c.since >= $1 ORDER BY c.since DESC LIMIT $2
"""


async def models_since(connection: Connection, since: datetime, limit: int) -> list[ModelInForce]:
    """Read from ml-service's database what came into force, newest first."""
    return [ModelInForce(*row) for row in await connection.fetch(_SINCE, since, limit)]
