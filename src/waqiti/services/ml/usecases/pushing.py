"""Pushing the champion to whoever serves it, and knowing who does."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.ml import PATIENCE_SECONDS, WAIT_SECONDS, Champion, Following
from waqiti.contracts.public.models import ServingReplica
from waqiti.foundation.database import Database
from waqiti.services.ml.store import champions, readers
from waqiti.services.ml.store.readers import Reader
from waqiti.services.ml.usecases.changes import Changes
from waqiti.services.ml.usecases.registry import unknown_model

SILENT: Final = timedelta(seconds=WAIT_SECONDS + 2)
"""Who was not heard of for so long has died."""

_GONE: Final = timedelta(minutes=5)
_LOOK_SECONDS: Final = 0.03
_MILLISECONDS: Final = 1_000


class Served(msgspec.Struct, frozen=True):
    """Who serves what is in force, and who of those that live does not yet."""

    replicas: list[ServingReplica]
    unreached: list[str]


class Pushing:
    """Answers those who follow the champion, at once when there is another than they know."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def follow(self, following: Following) -> Champion | None:
        """Record what a process serves; return the champion once it is not the known one, or after 4 s.

        Raises:
            Problem: 404, there is no such model.
            DependencyUnavailable: the database does not answer.
        """
        await self._heard_of(following)
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while True:
            changed = self._changes.next()
            async with self._database.connection() as connection:
                champion = await champions.present(connection, following.model)
            if (champion.mark if champion is not None else None) != following.known:
                return champion
            left = deadline - asyncio.get_running_loop().time()
            if not await self._changes.wait(changed, left):
                return champion

    async def leave(self, reader: UUID) -> None:
        """Forget a process that ends."""
        async with self._database.connection() as connection:
            await readers.forget(connection, reader)

    async def served(self, model: str, since: datetime) -> Served:
        """Wait until every live process serves what is in force, at most ``PATIENCE_SECONDS``."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            async with self._database.connection() as connection:
                champion = await champions.present(connection, model)
                found = await readers.live(connection, model, SILENT)
            assert champion is not None
            late = [reader for reader in found if reader.serving != champion.mark]
            if not late or asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        replicas = [ServingReplica(reader.name, _applied_ms(reader, since)) for reader in found if reader not in late]
        return Served(replicas, [reader.name for reader in late])

    async def _heard_of(self, following: Following) -> None:
        async with self._database.connection() as connection:
            if await champions.pointer(connection, following.model) is None:
                raise unknown_model(following.model)
            if await readers.say(connection, following):
                await readers.replace(connection, following, _GONE)


def _applied_ms(reader: Reader, since: datetime) -> float:
    assert reader.serving_at is not None
    return round(max(0.0, (reader.serving_at - since).total_seconds()) * _MILLISECONDS, 1)
