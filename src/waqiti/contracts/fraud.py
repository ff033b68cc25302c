"""fraud-service: scores in batches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.caller import Caller
from waqiti.foundation.money import MAX_AMOUNT

MAX_BATCH: Final = 1_000

FraudOutcome = Literal["approve", "review", "decline"]


class Reason(msgspec.Struct, frozen=True):
    """One reason of a decision: a stable code and a sentence, without personal data."""

    code: str
    detail: str


class ScoreRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One payment or withdrawal to score; ``id`` counts once in every history, however often it is asked."""

    id: UUID
    kind: Literal["payment", "withdrawal", "exchange"]
    from_wallet: UUID
    to_wallet: UUID | None
    from_customer: UUID
    to_customer: UUID | None
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    created_at: Annotated[datetime, Meta(tz=True)]


class ScoreRequests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``MAX_BATCH`` items."""

    items: Annotated[list[ScoreRequest], Meta(max_length=MAX_BATCH)]


class FraudDecision(msgspec.Struct, frozen=True, kw_only=True):
    """``score`` is 0..1; ``model_version`` is None where rules alone decided."""

    id: UUID
    score: float
    outcome: FraudOutcome
    reasons: list[Reason]
    model_version: str | None = None


class FraudDecisions(msgspec.Struct, frozen=True):
    """In the order of the request."""

    decisions: list[FraudDecision]


class FraudClient:
    """Typed calls of fraud-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def score(self, items: Sequence[ScoreRequest], *, timeout_seconds: float = 2.0) -> list[FraudDecision]:
        """Score items; the first decision about an id is stored and given again."""
        reply = await self._caller.call(
            "POST", "/internal/score", ScoreRequests(list(items)), FraudDecisions, timeout_seconds=timeout_seconds
        )
        return reply.decisions
