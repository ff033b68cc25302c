"""Screening names against the list in use."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.compliance import CustomerFacts
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.compliance.domain.customers import Screened
from waqiti.services.compliance.domain.screening import WatchList
from waqiti.services.compliance.store import customers as store

_PAGE: Final = 200

_hits: Final = counter("compliance_screening_hits", "Names found on the list in use.")
_log: Final = logger(__name__)


class Screening:
    """The list in use, and what it says of names."""

    def __init__(self, names: WatchList) -> None:
        self.names = names

    def screen(self, name: str) -> Screened:
        """Look a name up; each entry that goes by it is a confirmed hit."""
        references = self.names.hits(name)
        if references:
            _hits.inc()
        return Screened(
            list_version=self.names.version, outcome="confirmed" if references else "clear", references=references
        )

    async def standing(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CustomerFacts]:
        """Read how customers stand under the list in use; those it has not seen are screened first."""
        known = await store.standings(connection, ids)
        unseen = [key for key, found in known.items() if found.screening_version != self.names.version]
        if unseen:
            await self.screen_again(connection, await store.names_of(connection, unseen, self.names.version))
            known |= await store.standings(connection, unseen)
        return {key: found.facts for key, found in known.items()}

    async def screen_again(self, connection: Connection, people: Sequence[store.NamedCustomer]) -> None:
        """Screen known customers, record it, and block those who are found."""
        screened = [(person.id, self.screen(person.name)) for person in people]
        if not screened:
            return
        await store.screened_again(connection, screened)
        for customer_id, found in screened:
            if found.outcome == "confirmed":
                _log.warning("customer_found_on_list", customer_id=str(customer_id), list_version=found.list_version)


async def screen_everybody(database: Database, screening: Screening) -> int:
    """Screen all customers whom the list in use has not seen, 200 a transaction; return how many there were."""
    after: UUID | None = None
    count = 0
    while True:
        async with database.transaction() as connection:
            people = await store.names_after(connection, after, screening.names.version, _PAGE)
            await screening.screen_again(connection, people)
        if not people:
            return count
        count += len(people)
        after = people[-1].id
