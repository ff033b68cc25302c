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
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.telemetry import logger
from waqiti.services.compliance.api.customers import public_routes
from waqiti.services.compliance.api.internal import internal_routes
from waqiti.services.compliance.domain.screening import WatchList
from waqiti.services.compliance.usecases.customers import Customers
from waqiti.services.compliance.usecases.freezes import Freezes
from waqiti.services.compliance.usecases.limits import LimitsInUse
from waqiti.services.compliance.usecases.names import Screening
from waqiti.services.compliance.usecases.resolve import Resolver
from waqiti.services.compliance.usecases.screen import Screener
from waqiti.services.compliance.worker.tasks import (
    ask_about_open,
    follow_results,
    forget_requests,
    freeze_wallets,
    screen_customers,
)

_PACKAGE: Final = "waqiti.services.compliance"
_LIST: Final = "lists/invented.csv"
_READERS: Final = 2

_log: Final = logger(__name__)


class ComplianceSettings(PublicSettings, frozen=True, kw_only=True):
    """Nothing beside what every service is told."""


def shipped_list() -> WatchList:
    """Read the list of invented names that ships."""
    return WatchList.read((resources.files(_PACKAGE) / _LIST).read_text(encoding="utf-8"))


@asynccontextmanager
async def build(context: Context[ComplianceSettings]) -> AsyncIterator[Application]:
    """Build the service: its database, the list of names, routes and loops."""
    database = await context.database(COMPLIANCE)
    screening, limits, resolver = Screening(shipped_list()), LimitsInUse(), Resolver(database)
    context.actuator.on_cache_clear("limits", limits.forget)
    customers = Customers(database, screening)
    raw = internal_routes(Screener(database, screening, limits), customers, resolver)
    workers = [screen_customers(database, screening), forget_requests(database)]
    if context.role != "api":
        workers.append(freeze_wallets(Freezes(database, WalletClient(context.client(WALLET)))))
        workers += await _following(context, database, resolver)
    asgi = context.http(public_routes(customers), raw=raw, rules=MODES, replays=answered_before(database))
    yield Application(asgi=asgi, workers=workers)


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
