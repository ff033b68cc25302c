"""compliance-service as one value."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Final

from waqiti.contracts.catalog import COMPLIANCE, PAYMENT, WALLET
from waqiti.contracts.modes import MODES
from waqiti.contracts.payment import PaymentClient
from waqiti.contracts.switches import PublicSettings
from waqiti.contracts.wallet import WalletClient
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.foundation.telemetry import logger
from waqiti.services.compliance.api.cases import case_routes
from waqiti.services.compliance.api.customers import public_routes
from waqiti.services.compliance.api.internal import internal_routes
from waqiti.services.compliance.domain.lists import SourceList, read_list, together
from waqiti.services.compliance.domain.screening import ListError, WatchList
from waqiti.services.compliance.usecases.cases import Cases
from waqiti.services.compliance.usecases.customers import Customers
from waqiti.services.compliance.usecases.freezes import Freezes
from waqiti.services.compliance.usecases.limits import LimitsInUse
from waqiti.services.compliance.usecases.lists import Follower
from waqiti.services.compliance.usecases.names import Screening
from waqiti.services.compliance.usecases.resolve import Resolver
from waqiti.services.compliance.usecases.screen import Screener
from waqiti.services.compliance.worker.tasks import (
    ask_about_open,
    follow_lists,
    follow_results,
    freeze_wallets,
    screen_customers,
)

_PACKAGE: Final = "waqiti.services.compliance"
_LIST: Final = "lists/invented.csv"
_READERS: Final = 2

_log: Final = logger(__name__)


class ComplianceSettings(PublicSettings, frozen=True, kw_only=True):
    """Nothing beside what every service is told."""


def shipped_source() -> SourceList:
    """Read the list of invented names that ships, and is always screened against."""
    return read_list("invented", (resources.files(_PACKAGE) / _LIST).read_text(encoding="utf-8"))


def shipped_list() -> WatchList:
    """Return what is screened against where nothing was loaded."""
    return together([shipped_source()])


@asynccontextmanager
async def build(context: Context[ComplianceSettings]) -> AsyncIterator[Application]:
    """Build the service: its database, the list of names, routes and loops."""
    database = await context.database(COMPLIANCE)
    screening, limits, resolver = Screening(), LimitsInUse(), Resolver(database)
    following = await _lists(context, database, screening)
    context.actuator.on_cache_clear("limits", limits.forget)
    customers = Customers(database, screening)
    raw = internal_routes(Screener(database, screening, limits), customers, resolver)
    workers = [screen_customers(database, screening), forget_requests(database)]
    if context.role == "worker":
        workers.append(following)
    if context.role != "api":
        workers.append(freeze_wallets(Freezes(database, WalletClient(context.client(WALLET)))))
        workers += await _following(context, database, resolver)
    handlers = [*public_routes(customers), *case_routes(Cases(database, screening))]
    yield Application(
        asgi=context.http(handlers, raw=raw, rules=MODES, replays=answered_before(database)),
        api_tasks=() if context.role == "worker" else (following,),
        workers=workers,
    )


async def _lists(context: Context[ComplianceSettings], database: Database, screening: Screening) -> BackgroundTask:
    """Read the lists, and return the loop that follows them; until they could be read, this process is not ready."""
    follower = Follower(database, screening, shipped_source(), replica=context.settings.replica, role=context.role)
    context.health.add("lists", follower.check)
    context.actuator.describe("lists", follower.described)
    try:
        await follower.follow()
    except (Problem, ListError) as error:
        _log.warning("lists_not_read", detail=str(error))
    return follow_lists(follower)


async def _following(
    context: Context[ComplianceSettings], database: Database, resolver: Resolver
) -> Sequence[BackgroundTask]:
    """Return the loops that follow payment-service; without its address, reservations stay open until it has one."""
    url = context.settings.events_urls.get(PAYMENT)
    if url is None:
        _log.warning("payments_not_followed", detail="WAQITI_EVENTS_URL_PAYMENT_SERVICE is not set")
        return ()
    log = await Database.open(url, name="payment-results", max_size=_READERS)
    context.closing.push_async_callback(log.close)
    payments = PaymentClient(context.client(PAYMENT))
    return follow_results(log, database, resolver), ask_about_open(resolver, payments)


SERVICE: Final = Service(name=COMPLIANCE, settings=ComplianceSettings, build=build)
