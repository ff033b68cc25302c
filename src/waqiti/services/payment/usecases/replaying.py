"""Whether requests were accepted before, asked while nothing new may be."""

from collections.abc import Sequence

from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import RequestKey, is_answered
from waqiti.services.payment.store import acceptance


class Replaying:
    """Looks keys up, and leaves no trace of having done so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def are_accepted(self, key_hashes: Sequence[bytes]) -> bool:
        """Tell whether payments exist under all of these keys, and under one at least."""
        wanted = set(key_hashes)
        async with self._database.connection() as connection:
            known = await acceptance.known_keys(connection, list(wanted))
        return bool(wanted) and {row.key_hash for row in known} == wanted

    async def is_answered(self, request: RequestKey) -> bool:
        """Tell whether a capture, void or refund was answered under this key."""
        async with self._database.connection() as connection:
            return await is_answered(connection, request)
