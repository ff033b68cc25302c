"""fraud-service, compliance-service and wallet-service as a test wants them, on the product's own runtime."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, WALLET
from waqiti.contracts.compliance import (
    ComplianceDecision,
    ComplianceDecisions,
    ScreeningOutcome,
    ScreenRequest,
    ScreenRequests,
)
from waqiti.contracts.fraud import FraudDecision, FraudDecisions, FraudOutcome, Reason, ScoreRequest, ScoreRequests
from waqiti.contracts.wallet import WalletFacts, WalletFactsList, WalletIds
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.ids import new_id
from waqiti.foundation.runtime import Application, Context, Service
from waqiti.foundation.settings import Settings

Mood = Literal["well", "away", "hanging"]
_LONGER_THAN_ANYBODY_WAITS_SECONDS: Final = 30.0
_encode: Final = msgspec.json.Encoder().encode


class Deciders:
    """What the three services say. First decisions are kept, as the real ones keep them.

    ``score``, ``screen`` and ``screen_again`` may be replaced; ``fraud`` and ``compliance`` say how the services are,
    or what they answer to everything. ``before_scoring`` runs before each answer of fraud-service.
    """

    def __init__(self) -> None:
        self.fraud: Mood | Problem = "well"
        self.compliance: Mood | Problem = "well"
        self.before_scoring: Callable[[], Awaitable[None]] = nothing
        self.score: Callable[[ScoreRequest], FraudDecision] = approve
        self.screen: Callable[[ScreenRequest], ComplianceDecision] = clear
        self.screen_again: Callable[[ScreenRequest], ComplianceDecision] = clear
        self.wallets: dict[UUID, WalletFacts] = {}
        self.scored: dict[UUID, FraudDecision] = {}
        self.screened: dict[UUID, ComplianceDecision] = {}
        self.requests: list[ScreenRequest] = []
        self.wallet_calls = 0

    def wallet(self, currency: str = "EUR") -> WalletFacts:
        """Make a wallet of a new customer."""
        wallet = new_id()
        facts = WalletFacts(id=wallet, customer_id=new_id(), currency=currency, account_id=wallet)
        self.wallets[wallet] = facts
        return facts

    def services(self) -> list[Service[Any]]:
        """Return the three services."""
        routes = {
            FRAUD: {"/internal/score": self._score},
            COMPLIANCE: {"/internal/screen": self._screen, "/internal/screen/again": self._screen_again},
            WALLET: {"/internal/wallets/facts": self._facts},
        }
        return [service_of(name, handlers) for name, handlers in routes.items()]

    async def _score(self, incoming: Incoming) -> Outgoing:
        await feel(self.fraud, FRAUD)
        await self.before_scoring()
        items = msgspec.json.decode(incoming.body, type=ScoreRequests).items
        return Outgoing(200, _encode(FraudDecisions([self._scored(item) for item in items])))

    async def _screen(self, incoming: Incoming) -> Outgoing:
        await feel(self.compliance, COMPLIANCE)
        items = msgspec.json.decode(incoming.body, type=ScreenRequests).items
        self.requests.extend(items)
        return Outgoing(200, _encode(ComplianceDecisions([self._screened(item) for item in items])))

    async def _screen_again(self, incoming: Incoming) -> Outgoing:
        await feel(self.compliance, COMPLIANCE)
        items = msgspec.json.decode(incoming.body, type=ScreenRequests).items
        return Outgoing(200, _encode(ComplianceDecisions([self.screen_again(item) for item in items])))

    async def _facts(self, incoming: Incoming) -> Outgoing:
        self.wallet_calls += 1
        ids = msgspec.json.decode(incoming.body, type=WalletIds).ids
        found = [self.wallets[wallet] for wallet in ids if wallet in self.wallets]
        return Outgoing(200, _encode(WalletFactsList(found)))

    def _scored(self, item: ScoreRequest) -> FraudDecision:
        return self.scored.setdefault(item.id, self.score(item))

    def _screened(self, item: ScreenRequest) -> ComplianceDecision:
        return self.screened.setdefault(item.id, self.screen(item))


async def nothing() -> None:
    """Do nothing."""


def approve(item: ScoreRequest) -> FraudDecision:
    """Find nothing wrong."""
    return scored("approve", 0.02)(item)


def clear(item: ScreenRequest) -> ComplianceDecision:
    """Find nobody on any list, and no limit in the way."""
    return screened("clear")(item)


def scored(outcome: FraudOutcome, score: float, *reasons: str) -> Callable[[ScoreRequest], FraudDecision]:
    """Say the same about every payment."""
    given = [Reason(reason, f"Because of {reason}.") for reason in reasons]
    return lambda item: FraudDecision(id=item.id, score=score, outcome=outcome, reasons=given)


def screened(
    outcome: ScreeningOutcome, *refusals: str, max_credit_balance: int | None = None
) -> Callable[[ScreenRequest], ComplianceDecision]:
    """Say the same about every payment."""
    reasons = [Reason(code, f"Entry 17 of the list, by {code}.") for code in refusals]
    return lambda item: ComplianceDecision(
        id=item.id,
        outcome=outcome,
        refusals=list(refusals),
        reasons=reasons,
        max_credit_balance=max_credit_balance,
    )


async def feel(mood: Mood | Problem, name: str) -> None:
    """Answer, or not, as the service was told to be."""
    if isinstance(mood, Problem):
        raise mood
    if mood == "hanging":
        await asyncio.sleep(_LONGER_THAN_ANYBODY_WAITS_SECONDS)
    if mood == "away":
        raise DependencyUnavailable(name, "It was told to be away.")


def service_of(name: str, handlers: Mapping[str, Callable[[Incoming], Any]]) -> Service[Any]:
    """Return a service that answers these paths, and has nothing else."""
    raw = [RawRoute(method="POST", path=path, handler=handler) for path, handler in handlers.items()]

    @asynccontextmanager
    async def build(context: Context[Settings]) -> AsyncIterator[Application]:
        yield Application(asgi=context.http([], raw=raw))

    return Service(name=name, settings=Settings, build=build)
