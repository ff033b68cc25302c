"""wallet-service as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, WALLET
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.fraud import FraudClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.contracts.modes import MODES
from waqiti.contracts.reviews import ReviewClient
from waqiti.contracts.switches import PublicSettings
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, Context, Service
from waqiti.services.wallet.api.history import history_routes
from waqiti.services.wallet.api.internal import internal_routes
from waqiti.services.wallet.api.movements import movement_routes
from waqiti.services.wallet.api.wallets import wallet_routes
from waqiti.services.wallet.domain.rails import Rail
from waqiti.services.wallet.usecases import sandbox_rail
from waqiti.services.wallet.usecases.accounts import Accounts
from waqiti.services.wallet.usecases.attempts import Attempts
from waqiti.services.wallet.usecases.driving import Driver
from waqiti.services.wallet.usecases.flags import Flags
from waqiti.services.wallet.usecases.freezes import Freezes
from waqiti.services.wallet.usecases.history import History
from waqiti.services.wallet.usecases.movements import Movements
from waqiti.services.wallet.usecases.outside import Others
from waqiti.services.wallet.usecases.steps import steps
from waqiti.services.wallet.usecases.verdicts import Verdicts
from waqiti.services.wallet.usecases.wallets import Wallets
from waqiti.services.wallet.worker.loops import loops


class WalletSettings(PublicSettings, frozen=True, kw_only=True):
    """wallet-service has no settings of its own."""


@asynccontextmanager
async def build(context: Context[WalletSettings]) -> AsyncIterator[Application]:
    """Build the routes and the worker on one database."""
    database = await context.database("wallets")
    rails: dict[str, Rail] = {sandbox_rail.NAME: sandbox_rail.SandboxRail(database)}
    others = Others(
        LedgerClient(context.client(LEDGER)),
        ComplianceClient(context.client(COMPLIANCE)),
        FraudClient(context.client(FRAUD)),
        ReviewClient(context.client(FRAUD)),
        rails,
    )
    driver = Driver(database, steps(others))
    attempts = Attempts(driver)
    context.closing.push_async_callback(attempts.close)
    accounts = Accounts(database, others.ledger)
    wallets = Wallets(database, others.ledger, others.compliance, accounts)
    freezes = Freezes(database, others.ledger, accounts)
    movements = Movements(database, wallets, rails, attempts)
    handlers = [
        *wallet_routes(wallets, Flags(database, others.ledger, others.compliance, wallets)),
        *history_routes(wallets, History(wallets, others.ledger)),
        *movement_routes(movements),
    ]
    raw = internal_routes(wallets, freezes, Verdicts(database, attempts))
    asgi = context.http(handlers, raw=raw, rules=MODES, replays=answered_before(database))
    yield Application(asgi=asgi, workers=loops(database, driver, rails, wallets))


SERVICE = Service(name=WALLET, settings=WalletSettings, build=build)
