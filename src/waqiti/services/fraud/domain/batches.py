"""A batch of movements to score, and whose history it is about."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import ScoreRequest
from waqiti.scoring.movement import Movement
from waqiti.services.fraud.domain.features import movement_of

PartyKey = tuple[UUID, str]
"""Customer and currency."""
PairKey = tuple[UUID, UUID, str]
"""Payer, payee and currency."""


class Asked(msgspec.Struct, frozen=True):
    """A batch: each id once, in order. ``parties`` and ``pairs`` are in the order in which their rows are locked."""

    items: dict[UUID, ScoreRequest]
    movements: dict[UUID, Movement]
    parties: list[PartyKey]
    pairs: list[PairKey]

    @classmethod
    def of(cls, items: Iterable[ScoreRequest]) -> Self:
        """Return the batch of ``items``; of equal ids the first counts."""
        first: dict[UUID, ScoreRequest] = {}
        for item in items:
            first.setdefault(item.id, item)
        movements = {item.id: movement_of(item) for item in first.values()}
        return cls(first, movements, parties_of(first.values()), _pairs_of(first.values()))

    @property
    def since(self) -> datetime:
        """When the oldest of its movements was asked for."""
        return min(item.created_at for item in self.items.values())


def in_order(parties: Iterable[PartyKey]) -> list[PartyKey]:
    """Return each party once, in the order in which their rows are locked."""
    return sorted(set(parties), key=lambda key: (key[0].int, key[1]))


def parties_of(items: Iterable[ScoreRequest]) -> list[PartyKey]:
    """Return payers and payees."""
    found: set[PartyKey] = set()
    for item in items:
        found.add((item.from_customer, item.currency))
        if item.to_customer is not None:
            found.add((item.to_customer, item.currency))
    return in_order(found)


def _pairs_of(items: Iterable[ScoreRequest]) -> list[PairKey]:
    found = {(item.from_customer, item.to_customer, item.currency) for item in items if item.to_customer is not None}
    return sorted(found, key=lambda key: (key[0].int, key[1].int, key[2]))
