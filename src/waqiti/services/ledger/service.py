"""ledger-service as one value."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import PublicSettings
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.services.ledger.api.accounts import account_routes
from waqiti.services.ledger.api.journal import journal_routes
from waqiti.services.ledger.api.operators import closing_routes, reading_routes
from waqiti.services.ledger.api.transfers import transfers_route
from waqiti.services.ledger.usecases.committer import Committer
from waqiti.services.ledger.usecases.journal import Journal
from waqiti.services.ledger.usecases.posting import post
from waqiti.services.ledger.usecases.whole import WholeBooks
from waqiti.services.ledger.worker.sweepers import sweepers


class LedgerSettings(PublicSettings, frozen=True, kw_only=True):
    """Nothing beside what every service is told."""


@asynccontextmanager
async def build(context: Context[LedgerSettings]) -> AsyncIterator[Application]:
    """Open the database and yield the application."""
    database = await context.database(LEDGER)

    async def post_batch(batch: Sequence[Transfer]) -> list[TransferResult]:
        return await post(database, batch)

    committer = Committer(post_batch)
    handlers = [
        *account_routes(database),
        *reading_routes(database, WholeBooks(database)),
        *closing_routes(database),
        *journal_routes(Journal(database)),
    ]
    yield Application(
        asgi=context.http(handlers, raw=[transfers_route(committer)], rules=MODES, replays=answered_before(database)),
        api_tasks=[BackgroundTask("commit transfers", committer.run)],
        workers=[*sweepers(database), forget_requests(database)],
    )


SERVICE: Final = Service(name=LEDGER, settings=LedgerSettings, build=build)
