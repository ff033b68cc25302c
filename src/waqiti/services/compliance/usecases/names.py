"""Screening names against the lists in use."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.catalog import COMPLIANCE
from waqiti.contracts.compliance import CustomerFacts, ScreeningOutcome
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.telemetry import counter
from waqiti.services.compliance.domain.customers import Screened
from waqiti.services.compliance.domain.lists import ListVersion
from waqiti.services.compliance.domain.screening import EntryKey, WatchList
from waqiti.services.compliance.store import cases
from waqiti.services.compliance.store import customers as store
from waqiti.services.compliance.usecases.filing import file_cases

_PAGE: Final = 200
_FEW_TEXTS: Final = 8

_hits: Final = counter("compliance_screening_hits", "Names found on the lists in use, by what that means.", ["outcome"])


class Screening:
    """The lists in use, and what they say of names. Without any, nobody is screened and nothing is decided."""

    def __init__(self, names: WatchList | None = None) -> None:
        self._names = names
        self.sources: Sequence[ListVersion] = ()

    @property
    def names(self) -> WatchList:
        """All lists together.

        Raises:
            DependencyUnavailable: they have not been read yet.
        """
        if self._names is None:
            raise DependencyUnavailable(COMPLIANCE, "The lists of names have not been read yet.")
        return self._names

    @property
    def version(self) -> str | None:
        """The version of all lists together; None where they have not been read yet."""
        return None if self._names is None else self._names.version

    def use(self, names: WatchList, sources: Sequence[ListVersion]) -> None:
        """Screen against ``names`` from now on; ``sources`` says what they are made of."""
        self._names, self.sources = names, sources

    def screen(self, name: str) -> Screened:
        """Look a name up among all names.

        Raises:
            DependencyUnavailable: the lists have not been read yet.
        """
        return _screened(self.names, name)

    async def read_texts(self, texts: Iterable[str | None]) -> dict[str, ScreeningOutcome]:
        """Return what each text says; many of them are read beside the event loop.

        Raises:
            DependencyUnavailable: the lists have not been read yet.
        """
        names, distinct = self.names, {text for text in texts if text is not None}
        if len(distinct) <= _FEW_TEXTS:
            return names.read_texts(distinct)
        return await asyncio.to_thread(names.read_texts, distinct)

    async def standing(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CustomerFacts]:
        """Read how customers stand under the list in use; those it has not seen are screened first."""
        known, names = await store.standings(connection, ids), self.names
        unseen = sorted(key for key, found in known.items() if found.screening_version != names.version)
        for first in range(0, len(unseen), _PAGE):
            part = unseen[first : first + _PAGE]
            await self.screen_again(connection, await store.names_of(connection, part, names.version), names)
            known |= await store.standings(connection, part)
        return {key: found.facts for key, found in known.items()}

    async def screen_again(
        self, connection: Connection, people: Sequence[store.NamedCustomer], names: WatchList
    ) -> None:
        """Screen known customers against ``names`` beside the event loop, record it, and act on what is found.

        What they were cleared of is not found. Whoever was cleared of something while the names were compared is
        screened once more, now that nobody can decide about them.
        """
        if not people:
            return
        ids = [person.id for person in people]
        cleared = await cases.cleared(connection, ids)
        found = await asyncio.to_thread(
            lambda: {person: _screened(names, person.name, cleared.get(person.id, ())) for person in people}
        )
        async with connection.transaction():
            await store.lock_all(connection, ids)
            now_cleared = await cases.cleared(connection, ids)
            for person in people:
                if now_cleared.get(person.id) != cleared.get(person.id):
                    found[person] = _screened(names, person.name, now_cleared[person.id])
            screened = [(person.id, one) for person, one in found.items()]
            await store.screened_again(connection, screened)
            await file_cases(connection, screened)


def _screened(names: WatchList, name: str, cleared: Collection[EntryKey] = ()) -> Screened:
    screened = Screened(list_version=names.version, matches=names.screen(name, cleared))
    if screened.matches:
        _hits.labels(screened.outcome).inc()
    return screened


async def screen_everybody(database: Database, screening: Screening) -> int:
    """Screen all customers whom the list in use has not seen, 200 a transaction; return how many there were."""
    after: UUID | None = None
    count = 0
    names = screening.names
    while True:
        async with database.transaction() as connection:
            people = await store.names_after(connection, after, names.version, _PAGE)
            await screening.screen_again(connection, people, names)
        if not people:
            return count
        count += len(people)
        after = people[-1].id
