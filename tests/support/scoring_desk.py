"""Scorers of several replicas on one database, and what they leave in it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from tests.support.databases import FreshDatabase
from tests.support.predictors import Scripted
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.database import Database
from waqiti.scoring.state import CustomerState
from waqiti.services.fraud.domain.decisions import Thresholds
from waqiti.services.fraud.domain.labels import Finding
from waqiti.services.fraud.service import shipped_rules
from waqiti.services.fraud.store.parties import decode_customer
from waqiti.services.fraud.usecases.asking import Serving
from waqiti.services.fraud.usecases.learning import learn
from waqiti.services.fraud.usecases.score import Scorer

MakeDatabase = Callable[[str], FreshDatabase]
RULES: Final = shipped_rules()
DEFAULTS: Final = Thresholds(decline_at=0.85, review_at=0.70, review=True)


class Desk(msgspec.Struct, frozen=True):
    """Scorers of replicas on one database; all score by ``serving``."""

    scorers: list[Scorer]
    databases: list[Database]
    fresh: FreshDatabase
    serving: Serving

    async def score(self, *items: ScoreRequest) -> list[FraudDecision]:
        return await self.scorers[0].score(items)

    async def learn(self, *findings: Finding) -> None:
        """Store what was found out."""
        async with self.databases[0].transaction() as connection:
            await learn(connection, findings)

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.fresh.admin_url)
        rows = await connection.fetch(query, *arguments)
        await connection.close()
        return [tuple(row) for row in rows]

    async def states(self, customer: UUID) -> list[CustomerState]:
        """Return what is remembered of a customer, by currency."""
        rows = await self.rows("SELECT state FROM parties WHERE customer_id = $1 ORDER BY currency", customer)
        return [decode_customer(state) for (state,) in rows]

    async def shown(self, feature: str) -> list[float]:
        """Return the values of a feature that were kept with decisions, in their order."""
        return [
            value for (value,) in await self.rows("SELECT (features->>$1)::float8 FROM decisions ORDER BY 1", feature)
        ]


@asynccontextmanager
async def open_desk(
    fresh_database: MakeDatabase, *, replicas: int = 1, model: Scripted | None = None, served: Serving | None = None
) -> AsyncIterator[Desk]:
    """Open scorers by ``model``, by what is ``served``, or by rules alone."""
    fresh, serving = fresh_database(FRAUD), served or Serving()
    if model is not None:
        serving.use("v1", model)
    async with AsyncExitStack() as stack:
        opened = [await Database.open(fresh.url, name=FRAUD) for _ in range(replicas)]
        for database in opened:
            stack.push_async_callback(database.close)
        yield Desk([Scorer(database, RULES, DEFAULTS, serving) for database in opened], opened, fresh, serving)
