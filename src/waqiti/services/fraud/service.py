"""fraud-service as one value."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import resources
from typing import Annotated, Final

from msgspec import Meta

from waqiti.contracts.casework import PAYMENT_CASEWORK
from waqiti.contracts.catalog import FRAUD, ML, PAYMENT, WALLET
from waqiti.contracts.ml import MlClient
from waqiti.contracts.modes import MODES
from waqiti.contracts.payment import PaymentClient
from waqiti.contracts.switches import (
    DEFAULT_FRAUD_THRESHOLD,
    DEFAULT_REVIEW_THRESHOLD,
    FRAUD_THRESHOLD,
    MANUAL_REVIEW_MODE,
    MANUAL_REVIEW_THRESHOLD,
    PublicSettings,
    Share,
)
from waqiti.contracts.wallet import WalletClient
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.runtime.forgetting import forget_requests
from waqiti.foundation.telemetry import logger
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.trial import library
from waqiti.services.fraud.api.reviews import public_routes
from waqiti.services.fraud.api.routes import internal_routes
from waqiti.services.fraud.domain.decisions import Thresholds
from waqiti.services.fraud.domain.rules import RuleSet
from waqiti.services.fraud.usecases.asking import Serving
from waqiti.services.fraud.usecases.deciding import Reviews
from waqiti.services.fraud.usecases.figures import Figures
from waqiti.services.fraud.usecases.loading import attempt, load
from waqiti.services.fraud.usecases.models import ModelFollower, UnusableModel
from waqiti.services.fraud.usecases.queue import Queue
from waqiti.services.fraud.usecases.score import Scorer
from waqiti.services.fraud.usecases.telling import Teller
from waqiti.services.fraud.worker.tasks import (
    follow_casework,
    follow_models,
    forget_signals,
    measure,
    tell_verdicts,
)

_PACKAGE: Final = "waqiti.services.fraud"
_RULES_FILE: Final = "shipped_rules.toml"
_READERS: Final = 2

_log: Final = logger(__name__)


class FraudSettings(PublicSettings, frozen=True, kw_only=True):
    """Scores from ``fraud_threshold`` on decline; from ``manual_review_threshold`` on, in that mode, review.

    ``false_positive_window_seconds`` is how far back the rate of false positives looks.
    """

    fraud_threshold: Annotated[Share, Meta(extra={"variable": FRAUD_THRESHOLD})] = DEFAULT_FRAUD_THRESHOLD
    manual_review_threshold: Annotated[Share, Meta(extra={"variable": MANUAL_REVIEW_THRESHOLD})] = (
        DEFAULT_REVIEW_THRESHOLD
    )
    manual_review_mode: Annotated[bool, Meta(extra={"variable": MANUAL_REVIEW_MODE})] = True
    false_positive_window_seconds: Annotated[float, Meta(ge=60, le=7 * 86_400)] = 86_400

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds as the domain takes them."""
        return Thresholds(self.fraud_threshold, self.manual_review_threshold, self.manual_review_mode)


def shipped_rules() -> RuleSet:
    """Read and compile the rules that ship."""
    return RuleSet.read((resources.files(_PACKAGE) / _RULES_FILE).read_text(encoding="utf-8"))


@asynccontextmanager
async def build(context: Context[FraudSettings]) -> AsyncIterator[Application]:
    """Build the service: its database, the compiled rules, the model, the review queue, routes and loops."""
    database = await context.database(FRAUD)
    serving = Serving()
    scorer = Scorer(database, shipped_rules(), context.switches.settings.thresholds, serving)
    context.switches.follow(lambda now: scorer.use(now.thresholds))
    queue = Queue(database)
    payments, wallets = PaymentClient(context.client(PAYMENT)), WalletClient(context.client(WALLET))
    teller = Teller(database, {"payment": payments, "withdrawal": wallets})
    figures = Figures(database, timedelta(seconds=context.settings.false_positive_window_seconds))
    workers = [tell_verdicts(teller), forget_requests(database), forget_signals(database)]
    if context.role != "api":
        workers += await _following(context, database, queue)
    api_tasks = [measure(figures)]
    if context.role != "worker":
        api_tasks.append(await _modelled(context, database, serving))
    yield Application(
        asgi=context.http(
            public_routes(Reviews(database, teller)),
            raw=internal_routes(scorer, queue),
            rules=MODES,
            replays=answered_before(database),
        ),
        api_tasks=api_tasks,
        workers=workers,
    )


async def _modelled(context: Context[FraudSettings], database: Database, serving: Serving) -> BackgroundTask:
    """Serve the last good model, and return the loop that follows ml-service; without a model rules decide alone."""
    client = MlClient(context.client(ML))
    follower = ModelFollower(
        database,
        client,
        serving,
        load,
        attempt,
        library=library(),
        shipped=shipped_artifact(),
        replica=context.settings.replica or FRAUD,
    )
    context.health.add("model", follower.check, critical=False)
    context.actuator.describe("model", follower.described)
    try:
        await follower.start()
    except UnusableModel as error:
        _log.warning("no_model", detail=f"Rules decide alone: {error}")
    return follow_models(follower)


async def _following(context: Context[FraudSettings], database: Database, queue: Queue) -> Sequence[BackgroundTask]:
    """Return the loop that follows payment-service; without its address the queue holds withdrawals only."""
    url = context.settings.events_urls.get(PAYMENT)
    if url is None:
        _log.warning("payments_not_followed", detail="WAQITI_EVENTS_URL_PAYMENT_SERVICE is not set")
        return ()
    log = await Database.open(url, name=PAYMENT_CASEWORK, max_size=_READERS)
    context.closing.push_async_callback(log.close)
    return [follow_casework(log, database, queue)]


SERVICE: Final = Service(name=FRAUD, settings=FraudSettings, build=build)
