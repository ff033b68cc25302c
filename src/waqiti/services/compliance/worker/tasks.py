"""The loops of the worker."""

import asyncio
from contextlib import suppress
from typing import Final

from waqiti.contracts.catalog import COMPLIANCE
from waqiti.contracts.payment import PAYMENT_RESULTS, PaymentClient
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import Consumer, follow
from waqiti.foundation.pausing import rest, rest_until_beat
from waqiti.foundation.runtime import BackgroundTask
from waqiti.foundation.telemetry import logger
from waqiti.services.compliance.domain.screening import ListError
from waqiti.services.compliance.usecases.freezes import Freezes
from waqiti.services.compliance.usecases.lists import Follower
from waqiti.services.compliance.usecases.names import Screening, screen_everybody
from waqiti.services.compliance.usecases.resolve import Resolver

GROUP: Final = COMPLIANCE
_MAX_EVENTS: Final = 1_000
_BETWEEN_BATCHES_SECONDS: Final = 0.05
_SWEEP_SECONDS: Final = 30.0
_BETWEEN_FREEZES_SECONDS: Final = 0.5
_BETWEEN_LISTS_SECONDS: Final = 1.0
_STRAGGLERS_SECONDS: Final = 5.0

_log: Final = logger(__name__)


def follow_results(log: Database, database: Database, resolver: Resolver) -> BackgroundTask:
    """Confirm and release reservations as payments end. Nobody waits for that: what comes within 50 ms is one batch."""

    async def run(stop: asyncio.Event) -> None:
        consumer = Consumer(log=log, database=database, group=GROUP, topic=PAYMENT_RESULTS, hinted=False)
        await follow(consumer, resolver.follow, stop, max_events=_MAX_EVENTS, pause_seconds=_BETWEEN_BATCHES_SECONDS)

    return BackgroundTask("follow payment results", run)


def ask_about_open(resolver: Resolver, payments: PaymentClient) -> BackgroundTask:
    """Ask about reservations that nobody has ended."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await resolver.ask(payments)
            except Problem as problem:
                _log.warning("payments_not_asked", code=problem.code, detail=problem.detail)
            await rest_until_beat(stop, _SWEEP_SECONDS)

    return BackgroundTask("ask about open reservations", run)


def follow_lists(follower: Follower) -> BackgroundTask:
    """Take up new lists within two seconds; what cannot be read now is read at the next look."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await follower.follow()
            except (Problem, ListError) as error:
                _log.warning("lists_not_followed", detail=str(error))
            await rest_until_beat(stop, _BETWEEN_LISTS_SECONDS)
        with suppress(Problem):
            await follower.leave()

    return BackgroundTask("follow lists", run)


def screen_customers(database: Database, screening: Screening) -> BackgroundTask:
    """Screen everybody whom the lists in use have not seen, whenever they change.

    Five seconds later once more: another replica may still have taken somebody on by the lists before.
    """

    async def run(stop: asyncio.Event) -> None:
        done: str | None = None
        while not stop.is_set():
            version = screening.version
            if version is not None and version != done:
                count = await screen_everybody(database, screening)
                await rest(stop, _STRAGGLERS_SECONDS)
                count += await screen_everybody(database, screening)
                _log.info("customers_screened", count=count, list_version=version)
                done = version
            await rest_until_beat(stop, _BETWEEN_LISTS_SECONDS)

    return BackgroundTask("screen customers", run)


def freeze_wallets(freezes: Freezes) -> BackgroundTask:
    """Have the wallets frozen of those who were found."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not await freezes.drive():
                await rest_until_beat(stop, _BETWEEN_FREEZES_SECONDS)

    return BackgroundTask("freeze wallets", run)
