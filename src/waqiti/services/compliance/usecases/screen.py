"""Screening a batch and reserving its limits."""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.compliance import ComplianceDecision, ScreenRequest
from waqiti.foundation.database import Connection, Database, is_retryable, retrying
from waqiti.foundation.money import checked_currency
from waqiti.foundation.telemetry import counter
from waqiti.services.compliance.domain.reservations import Assessor, Reservation
from waqiti.services.compliance.domain.usage import Windows, shares
from waqiti.services.compliance.store import reservations as store
from waqiti.services.compliance.usecases.limits import LimitsInUse
from waqiti.services.compliance.usecases.names import Screening
from waqiti.services.compliance.usecases.standings import Stand, Standings

_decisions: Final = counter("compliance_decisions", "Decisions made, by first refusal or clear.", ["outcome"])


class Screener:
    """Decides about batches; the first decision about an id is the one that counts."""

    def __init__(self, database: Database, screening: Screening, limits: LimitsInUse) -> None:
        self._database = database
        self._screening = screening
        self._limits = limits
        self._standings = Standings(screening)

    async def screen(self, items: Sequence[ScreenRequest]) -> list[ComplianceDecision]:
        """Return a decision per item, in order; an id that was asked before gets its stored one and reserves no more.

        Raises:
            Problem: 422 for an unknown currency.
            DependencyUnavailable: the database does not answer.
        """
        asked: dict[UUID, ScreenRequest] = {}
        for item in items:
            checked_currency(item.currency)
            asked.setdefault(item.id, item)
        decided = await self._decide(list(asked.values())) if asked else {}
        return [decided[item.id] for item in items]

    async def screen_again(self, items: Sequence[ScreenRequest]) -> list[ComplianceDecision]:
        """Decide anew about movements that have their reservations, by their parties and texts; nothing is reserved.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        async with self._database.connection() as connection:
            assessor = await self._assessor(connection, items, await self._read(connection, items))
        return [assessor.assess_again(item) for item in items]

    async def _decide(self, items: Sequence[ScreenRequest]) -> dict[UUID, ComplianceDecision]:
        """Nearly always everything is new and there is room for it: one statement then reserves all of it.

        Otherwise the windows are locked first, and looked at item by item, by what is then read of the parties.
        """
        try:
            return await self._decide_at_once(items)
        except Exception as error:
            if not isinstance(error, store.NoRoom | store.Outdated) and not is_retryable(error):
                raise
        return await retrying(lambda: self._decide_one_by_one(items))

    async def _decide_at_once(self, items: Sequence[ScreenRequest]) -> dict[UUID, ComplianceDecision]:
        async with self._database.connection() as connection:
            stand = await self._standings.read(connection, _parties(items), anew=False)
            assessor = await self._assessor(connection, items, stand)
            rows = [assessor.assess(item) for item in items]
            await store.reserve(connection, rows, shares(rows), stand.customers.values(), stand.version)
        return _measured(rows)

    async def _decide_one_by_one(self, items: Sequence[ScreenRequest]) -> dict[UUID, ComplianceDecision]:
        async with self._database.transaction() as connection:
            assessor = await self._assessor(connection, items, await self._read(connection, items))
            asked = [assessor.assess(item) for item in items]
            claimed = await store.claim(connection, asked)
            known = await store.find(connection, [item.id for item in items if item.id not in claimed])
            rows = await _take_in_order(connection, [row for row in asked if row.item.id in claimed])
        return known | _measured(rows)

    async def _read(self, connection: Connection, items: Sequence[ScreenRequest]) -> Stand:
        return await self._standings.read(connection, _parties(items), anew=True)

    async def _assessor(self, connection: Connection, items: Sequence[ScreenRequest], stand: Stand) -> Assessor:
        texts = await self._screening.read_texts(item.text for item in items)
        return Assessor(stand.customers, await self._limits.table(connection), texts)


def _parties(items: Sequence[ScreenRequest]) -> set[UUID]:
    parties = {item.from_customer for item in items} | {item.to_customer for item in items}
    return {party for party in parties if party is not None}


async def _take_in_order(connection: Connection, asked: Sequence[Reservation]) -> list[Reservation]:
    """Take what ``asked`` reserves, in its order, and refuse what there is no room for."""
    windows = Windows(await store.lock_counters(connection, list(shares(asked))))
    rows = [windows.take(row) for row in asked]
    await store.take(connection, shares(rows))
    await store.refuse(connection, [row for row, before in zip(rows, asked, strict=True) if row is not before])
    return rows


def _measured(rows: Sequence[Reservation]) -> dict[UUID, ComplianceDecision]:
    outcomes = Counter(row.decision.refusals[0] if row.decision.refusals else "clear" for row in rows)
    for outcome, count in outcomes.items():
        _decisions.labels(outcome).inc(count)
    return {row.item.id: row.decision for row in rows}
