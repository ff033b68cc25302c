"""Whether a request is a replay, before anything is done about it."""

from typing import TYPE_CHECKING

from waqiti.foundation.database import Database
from waqiti.foundation.idempotency.requests import is_answered

if TYPE_CHECKING:
    from waqiti.foundation.http import Incoming, Replays


def answered_before(database: Database) -> "Replays":
    """Return the question whether the answer to a request is stored under its key in ``database``.

    It raises ``DependencyUnavailable`` where that cannot be known.
    """

    async def answered(incoming: "Incoming") -> bool:
        async with database.connection() as connection:
            return await is_answered(connection, incoming.request_key())

    return answered
