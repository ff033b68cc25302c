"""How the parties of movements stand, remembered: whoever decides by that has it checked as the decision is stored."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import CustomerFacts
from waqiti.foundation.database import Connection
from waqiti.services.compliance.usecases.names import Screening

_MOST: Final = 10_000
"""Customers that are remembered: about 3 MB. With more of them it begins anew."""


class Stand(msgspec.Struct, frozen=True):
    """How some customers stand under the lists of ``version``; unknown ones are left out."""

    customers: Mapping[UUID, CustomerFacts]
    version: str


class Standings:
    """Remembers customers whom the lists in use have seen."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening
        self._known: dict[UUID, CustomerFacts] = {}
        self._version: str | None = None

    async def read(self, connection: Connection, ids: Collection[UUID], *, anew: bool) -> Stand:
        """Return how customers stand, as it is remembered of all of them, or read; ``anew`` in any case.

        Raises:
            DependencyUnavailable: the lists have not been read yet, or the database does not answer.
        """
        version = self._screening.names.version
        if version != self._version or len(self._known) > _MOST:
            self._known, self._version = {}, version
        remembered = {key: self._known[key] for key in ids if key in self._known}
        if not anew and len(remembered) == len(ids):
            return Stand(remembered, version)
        found = await self._screening.standing(connection, list(ids))
        if version == self._version:
            self._known |= found
        return Stand(found, version)
