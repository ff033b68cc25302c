"""payment-service as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

from litestar.types import ControllerRouterHandler
from msgspec import Meta

from waqiti.contracts import catalog, patience
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.fraud import FraudClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.contracts.modes import MODES
from waqiti.contracts.payment import CONSUMER_GROUP, PAYMENT_EVENTS
from waqiti.contracts.switches import PublicSettings
from waqiti.contracts.wallet import WalletClient
from waqiti.foundation.database import Database
from waqiti.foundation.events import Consumer, EventWriter
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.services.payment.api.disputes import dispute_handlers
from waqiti.services.payment.api.paying import paying_routes
from waqiti.services.payment.api.payments import command_handlers, reading_handlers
from waqiti.services.payment.api.redriving import redriving_handlers
from waqiti.services.payment.api.replays import replays
from waqiti.services.payment.api.reviews import review_handlers
from waqiti.services.payment.domain.decisions import Clocks
from waqiti.services.payment.usecases.accepting import Acceptor
from waqiti.services.payment.usecases.commands import Commands
from waqiti.services.payment.usecases.deciding import Deciding
from waqiti.services.payment.usecases.disputing import Disputing
from waqiti.services.payment.usecases.paying import Paying
from waqiti.services.payment.usecases.reading import Reading
from waqiti.services.payment.usecases.redriving import Redriving
from waqiti.services.payment.usecases.refunding import Refunding
from waqiti.services.payment.usecases.replaying import Replaying
from waqiti.services.payment.usecases.rescoring import Rescoring
from waqiti.services.payment.usecases.retrying import Patience, Retrying
from waqiti.services.payment.usecases.reviewing import Reviewing
from waqiti.services.payment.usecases.settling import Settling
from waqiti.services.payment.usecases.stepping import Stepping
from waqiti.services.payment.usecases.sweeping import Sweeping
from waqiti.services.payment.usecases.verdicts import Verdicts
from waqiti.services.payment.usecases.waiting import Waiters
from waqiti.services.payment.usecases.wallets import Wallets
from waqiti.services.payment.worker.pipeline import Pipeline
from waqiti.services.payment.worker.sweeper import Sweeper

Seconds = Annotated[float, Meta(gt=0)]


class PaymentSettings(PublicSettings, frozen=True, kw_only=True):
    """Periods: how long holds last, how long a service that is away is waited for, when something counts as idle."""

    review_seconds: Seconds = patience.REVIEW.total_seconds()
    authorization_seconds: Seconds = 7 * 24 * 3600.0
    fraud_patience_seconds: Seconds = patience.FRAUD.total_seconds()
    compliance_patience_seconds: Seconds = patience.COMPLIANCE.total_seconds()
    ledger_patience_seconds: Seconds = patience.DECISION.total_seconds()
    poison_pause_seconds: Seconds = 600.0
    requeue_after_seconds: Seconds = 15.0
    finish_after_seconds: Seconds = 5.0


class _Parts:
    """What the api and the worker both stand on."""

    def __init__(self, context: Context[PaymentSettings], database: Database) -> None:
        settings = context.settings
        self.database = database
        self.writer = EventWriter(database)
        self.clocks = Clocks(
            timedelta(seconds=settings.review_seconds), timedelta(seconds=settings.authorization_seconds)
        )
        self.ledger = LedgerClient(context.client(catalog.LEDGER))
        self.stepping = Stepping(database, self.writer, self.ledger)
        self.refunding = Refunding(database, self.writer, self.ledger)
        fraud = FraudClient(context.client(catalog.FRAUD))
        compliance = ComplianceClient(context.client(catalog.COMPLIANCE))
        self.deciding = Deciding(fraud, compliance, self.ledger, self.clocks)
        self.reviewing = Reviewing(database, self.writer, self.deciding, self.stepping, self.clocks)


@asynccontextmanager
async def _build(context: Context[PaymentSettings]) -> AsyncIterator[Application]:
    database = await context.database("payments")
    parts = _Parts(context, database)
    waiters = Waiters(database, context.draining)
    paying = _paying(context, parts, waiters)
    try:
        yield Application(
            asgi=context.http(
                _handlers(parts), raw=paying_routes(paying), rules=MODES, replays=replays(Replaying(database))
            ),
            api_tasks=[BackgroundTask("waiters", waiters.run)],
            workers=_workers(context, parts),
        )
    finally:
        await parts.writer.close()


def _paying(context: Context[PaymentSettings], parts: _Parts, waiters: Waiters) -> Paying:
    wallets = Wallets(WalletClient(context.client(catalog.WALLET)))
    context.actuator.on_cache_clear("wallets", wallets.forget)
    return Paying(parts.database, wallets, Acceptor(parts.database, parts.writer), waiters)


def _handlers(parts: _Parts) -> list[ControllerRouterHandler]:
    commands = Commands(parts.database, parts.stepping, parts.refunding)
    verdicts = Verdicts(parts.database, parts.deciding, parts.stepping, parts.reviewing)
    return [
        *reading_handlers(Reading(parts.database)),
        *command_handlers(commands),
        *review_handlers(verdicts),
        *dispute_handlers(Disputing(parts.database, parts.writer)),
        *redriving_handlers(Redriving(parts.database, parts.writer)),
    ]


def _workers(context: Context[PaymentSettings], parts: _Parts) -> list[BackgroundTask]:
    settings, database = context.settings, parts.database
    consumer = Consumer(log=database, database=database, group=CONSUMER_GROUP, topic=PAYMENT_EVENTS)
    deciding = parts.deciding
    poison_pause = timedelta(seconds=settings.poison_pause_seconds)
    settling = Settling(database, parts.writer, consumer, poison_pause=poison_pause)
    retrying = Retrying(database, deciding, settling, _patience(settings))
    rescoring = Rescoring(database, deciding, parts.reviewing)
    sweeping = Sweeping(
        database,
        parts.writer,
        parts.stepping,
        parts.refunding,
        idle=timedelta(seconds=settings.requeue_after_seconds),
        half=timedelta(seconds=settings.finish_after_seconds),
    )
    pipeline = Pipeline(database, consumer, deciding, settling, retrying)
    sweeper = Sweeper(consumer, retrying, rescoring, sweeping)
    return [
        BackgroundTask("pipeline", pipeline.run),
        BackgroundTask("retries", sweeper.retry),
        BackgroundTask("sweeper", sweeper.sweep),
        forget_requests(database),
    ]


def _patience(settings: PaymentSettings) -> Patience:
    return Patience(
        fraud=settings.fraud_patience_seconds,
        compliance=settings.compliance_patience_seconds,
        ledger=settings.ledger_patience_seconds,
    )


SERVICE = Service(name=catalog.PAYMENT, settings=PaymentSettings, build=_build)
