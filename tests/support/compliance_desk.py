"""compliance-service's use cases on a database of their own, as several replicas would run them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from tests.support.databases import FreshDatabase
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.contracts.compliance import ComplianceDecision, ScreenRequest
from waqiti.foundation.database import Database
from waqiti.foundation.ids import new_id
from waqiti.services.compliance.domain.screening import WatchList
from waqiti.services.compliance.service import shipped_list
from waqiti.services.compliance.usecases.cases import Cases
from waqiti.services.compliance.usecases.limits import LimitsInUse
from waqiti.services.compliance.usecases.names import Screening
from waqiti.services.compliance.usecases.resolve import Resolver
from waqiti.services.compliance.usecases.screen import Screener

SHIPPED: Final = shipped_list()

_WRONG_COUNTERS: Final = """
WITH counted AS (
    SELECT customer_id, currency, p.period,
           CASE p.period WHEN 'day' THEN day ELSE date_trunc('month', day)::date END AS starts, sum(counted) AS used
    FROM reservations
    CROSS JOIN (VALUES ('day'), ('month')) AS p (period)
    WHERE customer_id IS NOT NULL
    GROUP BY 1, 2, 3, 4
)
SELECT * FROM counted FULL JOIN usage u USING (customer_id, currency, period, starts)
WHERE coalesce(counted.used, 0) <> coalesce(u.used, 0)
"""
_INSERT: Final = """
INSERT INTO customers (id, name, country, tier, status, screening_version) VALUES ($1, $2, 'DE', $3, 'active', $4)
"""


class Replica(msgspec.Struct, frozen=True):
    """One replica's use cases."""

    database: Database
    screening: Screening
    screener: Screener
    resolver: Resolver
    cases: Cases


class Desk(msgspec.Struct, frozen=True):
    """Replicas, and the database that they share."""

    replicas: list[Replica]
    fresh: FreshDatabase

    @property
    def first(self) -> Replica:
        return self.replicas[0]

    async def screen(self, *items: ScreenRequest) -> list[ComplianceDecision]:
        return await self.first.screener.screen(items)

    async def customer(self, tier: str = "basic", name: str = "Ann Example", version: str = SHIPPED.version) -> UUID:
        """Store an active customer, screened by the list of ``version``."""
        customer_id = new_id()
        await self.rows(_INSERT, customer_id, name, tier, version)
        return customer_id

    async def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """Run ``query`` as the database's superuser."""
        connection = await asyncpg.connect(self.fresh.admin_url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def used(self, customer_id: UUID, period: str = "day") -> int:
        """Return what a customer has used, over all windows of a kind."""
        query = "SELECT coalesce(sum(used), 0)::bigint FROM usage WHERE customer_id = $1 AND period = $2"
        found = (await self.rows(query, customer_id, period))[0][0]
        assert isinstance(found, int)
        return found

    async def assert_counters_are_exact(self) -> None:
        """Assert that every counter is the sum of what its reservations count."""
        assert await self.rows(_WRONG_COUNTERS) == []


def refused(decisions: Sequence[ComplianceDecision]) -> list[bool]:
    """Tell which were refused for a limit, and assert that none was for anything else."""
    assert all(decision.refusals in ([], ["limit_exceeded"]) for decision in decisions), decisions
    return [decision.refusals != [] for decision in decisions]


@asynccontextmanager
async def open_desk(
    fresh_database: Callable[[str], FreshDatabase], *, replicas: int = 1, names: WatchList = SHIPPED
) -> AsyncIterator[Desk]:
    """Open it; when it closes, the counters are exact."""
    fresh = fresh_database(COMPLIANCE)
    opened = [await Database.open(fresh.url, name=COMPLIANCE) for _ in range(replicas)]
    desk = Desk([_replica(database, names) for database in opened], fresh)
    try:
        yield desk
        await desk.assert_counters_are_exact()
    finally:
        for database in opened:
            await database.close()


def _replica(database: Database, names: WatchList) -> Replica:
    screening = Screening(names)
    screener = Screener(database, screening, LimitsInUse())
    return Replica(database, screening, screener, Resolver(database), Cases(database, screening))
