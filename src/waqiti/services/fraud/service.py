"""fraud-service as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Annotated, Final

from msgspec import Meta

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import FRAUD_THRESHOLD, MANUAL_REVIEW_MODE, MANUAL_REVIEW_THRESHOLD, Share
from waqiti.foundation.runtime import Application, Context, Service
from waqiti.foundation.settings import Settings
from waqiti.services.fraud.api.routes import internal_routes
from waqiti.services.fraud.domain.decisions import Thresholds
from waqiti.services.fraud.domain.rules import RuleSet
from waqiti.services.fraud.usecases.score import Scorer

_PACKAGE: Final = "waqiti.services.fraud"
_RULES_FILE: Final = "shipped_rules.toml"


class FraudSettings(Settings, frozen=True, kw_only=True):
    """Scores from ``fraud_threshold`` on decline; from ``manual_review_threshold`` on, in that mode, review."""

    fraud_threshold: Annotated[Share, Meta(extra={"variable": FRAUD_THRESHOLD})] = 0.85
    manual_review_threshold: Annotated[Share, Meta(extra={"variable": MANUAL_REVIEW_THRESHOLD})] = 0.70
    manual_review_mode: Annotated[bool, Meta(extra={"variable": MANUAL_REVIEW_MODE})] = True

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds as the domain takes them."""
        return Thresholds(self.fraud_threshold, self.manual_review_threshold, self.manual_review_mode)


def shipped_rules() -> RuleSet:
    """Read and compile the rules that ship."""
    return RuleSet.read((resources.files(_PACKAGE) / _RULES_FILE).read_text(encoding="utf-8"))


@asynccontextmanager
async def build(context: Context[FraudSettings]) -> AsyncIterator[Application]:
    """Build the service: its database, the compiled rules, one route."""
    database = await context.database(FRAUD)
    scorer = Scorer(database, shipped_rules(), context.switches.settings.thresholds)
    context.switches.follow(lambda now: scorer.use(now.thresholds))
    yield Application(asgi=context.http([], raw=internal_routes(scorer), rules=MODES))


SERVICE: Final = Service(name=FRAUD, settings=FraudSettings, build=build)
