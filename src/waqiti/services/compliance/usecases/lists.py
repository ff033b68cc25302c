"""Loading lists, and following what was loaded."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from waqiti.contracts.catalog import COMPLIANCE
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import logger
from waqiti.services.compliance.domain.lists import ListVersion, SourceList, together, version_of
from waqiti.services.compliance.domain.screening import Entry, ListError, WatchList
from waqiti.services.compliance.domain.shrinking import ListSize, Shrinkage, refuse, shrinkage
from waqiti.services.compliance.store import lists as store
from waqiti.services.compliance.usecases.names import Screening

SAY_SECONDS: Final = 2.0
SILENT: Final = timedelta(seconds=8)
_GONE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 1_000
_LOOK_SECONDS: Final = 0.1
# A thread that builds holds the interpreter for 5 ms at a time; this hands it to the event loop far more often.
_PAUSE_SECONDS: Final = 0.000_2

_log: Final = logger(__name__)

Progress = Callable[[int, int], None]
"""Told how many entries of how many are stored."""

Acceptance = Callable[[Shrinkage], None]
"""Told of a list that shrinks, before anything of it is kept; raises where it is not to be used."""


async def load(database: Database, new: SourceList, progress: Progress, accept: Acceptance = refuse) -> None:
    """Store a list and have it used, all in one transaction; what it replaces is forgotten.

    Raises:
        ListShrinks: it loses much of what the one in use has, and is not accepted; that one stays in use.
        DependencyUnavailable: the database does not answer, or somebody else loads this source.
    """
    async with database.transaction() as connection:
        await store.use(connection, new.of)
        if found := shrinkage(new.of, await store.replaced(connection, new.of), ListSize.of(new)):
            accept(found)
        if await store.add(connection, new):
            for first in range(0, len(new.entries), _AT_ONCE):
                part = new.entries[first : first + _AT_ONCE]
                await store.add_entries(connection, new.of, first, part)
                progress(first + len(part), len(new.entries))
        await store.forget_others(connection, new.of)


async def read_loaded(connection: Connection) -> list[SourceList]:
    """Read all lists in use, with their entries; one that is replaced meanwhile may come incomplete (``is_whole``)."""
    return [SourceList(of, await _entries(connection, of)) for of in await store.in_use(connection)]


def build(lists: Sequence[SourceList]) -> WatchList:
    """Build what is screened against; for a thread beside the event loop.

    Raises:
        ListError: a list is not what its version says.
    """
    for one in lists:
        if not one.is_whole:
            raise ListError(f"the list {one.of.source} was replaced while it was read")
    return together(lists, lambda: time.sleep(_PAUSE_SECONDS))


async def _entries(connection: Connection, of: ListVersion) -> tuple[Entry, ...]:
    found: list[Entry] = []
    while page := await store.entries(connection, of, len(found), _AT_ONCE):
        found += page
    return tuple(found)


class Follower:
    """Keeps one process's screening on the lists in use; what it had stays until what is new is ready."""

    def __init__(
        self, database: Database, screening: Screening, shipped: SourceList, *, replica: str, role: str | None
    ) -> None:
        self._database = database
        self._screening = screening
        self._shipped = shipped
        self._id: UUID = new_id()
        self._replica = replica
        self._role = role or "both"
        self._said: tuple[str, float] = ("", 0.0)

    async def follow(self) -> bool:
        """Take up what is new; tell whether anything was.

        Raises:
            DependencyUnavailable: the database does not answer.
            ListError: a list was replaced while it was read; it is read anew at the next call.
        """
        async with self._database.connection() as connection:
            wanted = version_of([self._shipped.of, *await store.in_use(connection)])
        is_new = wanted != self._screening.version
        if is_new:
            await self._take_up()
        await self._say()
        return is_new

    async def leave(self) -> None:
        """Say that this process ends."""
        async with self._database.connection() as connection:
            await store.unsay(connection, self._id, _GONE)

    async def check(self) -> None:
        """Return where there is a list to screen against.

        Raises:
            DependencyUnavailable: there is none yet.
        """
        assert self._screening.names.entries

    def described(self) -> dict[str, object]:
        """Return what this process screens against, for ``/actuator/info``."""
        return {"version": self._screening.version, "sources": [*self._screening.sources]}

    async def _take_up(self) -> None:
        began = time.monotonic()
        async with self._database.connection() as connection:
            lists = [self._shipped, *await read_loaded(connection)]
        names = await asyncio.to_thread(build, lists)
        self._screening.use(names, [one.of for one in lists])
        _log.info(
            "lists_taken_up",
            list_version=names.version,
            entries=len(names.entries),
            names=names.name_count,
            seconds=round(time.monotonic() - began, 3),
        )

    async def _say(self) -> None:
        now, version = time.monotonic(), self._screening.version
        assert version is not None
        if self._said[0] == version and now - self._said[1] < SAY_SECONDS:
            return
        reader = store.Reader(self._replica, self._role, os.getpid(), version)
        async with self._database.connection() as connection:
            await store.say(connection, self._id, reader)
            await store.unsay(connection, None, _GONE)
        self._said = version, now


async def in_use(url: str, shipped: SourceList) -> WatchList:
    """Return what the platform with this database screens against.

    Raises:
        DependencyUnavailable: the database does not answer.
        ListError: a list was replaced while it was read.
    """
    database = await Database.open(url, name=COMPLIANCE, max_size=1, min_idle=0)
    try:
        async with database.connection() as connection:
            return build([shipped, *await read_loaded(connection)])
    finally:
        await database.close()


async def overview(database: Database, shipped: SourceList) -> tuple[list[store.LoadedList], list[store.Reader]]:
    """Return every list that there is, the one that ships first, and what each process screens against.

    Raises:
        DependencyUnavailable: the database does not answer.
    """
    names = sum(1 + len(entry.aliases) for entry in shipped.entries)
    ships = store.LoadedList(shipped.of.source, shipped.of.version, None, len(shipped.entries), names, True)
    async with database.connection() as connection:
        return [ships, *await store.loaded(connection)], await store.readers(connection, SILENT)


async def wait_for_readers(
    database: Database, shipped: SourceList, expected: Callable[[], set[tuple[str, str]]], *, seconds: float
) -> tuple[list[store.Reader], list[str]]:
    """Return who screens against the lists in use, and after ``seconds`` who of those ``expected`` does not yet.

    ``expected`` gives replica and role of the processes that run; those that say so themselves are waited for as well.
    """
    deadline = time.monotonic() + seconds
    while True:
        async with database.connection() as connection:
            wanted = version_of([shipped.of, *await store.in_use(connection)])
            readers = await store.readers(connection, SILENT)
        done = [reader for reader in readers if reader.version == wanted]
        known = {(reader.replica, reader.role) for reader in done}
        late = {(reader.replica, reader.role) for reader in readers if reader.version != wanted}
        waiting = sorted(f"{replica} {role}".strip() for replica, role in (expected() - known) | late)
        if not waiting or time.monotonic() >= deadline:
            return done, waiting
        await asyncio.sleep(_LOOK_SECONDS)
