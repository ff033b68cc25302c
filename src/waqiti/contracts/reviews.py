"""Reviews: what a person has to look at before money moves, and what they decided.

fraud-service keeps the queue for the whole platform. payment-service puts payments into it by events
(``contracts.casework``), wallet-service puts withdrawals into it by a call. When everything that is open about one of
them is decided, fraud-service tells its owner the verdict, and again until the owner answers: telling is idempotent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.caller import Caller
from waqiti.contracts.fraud import Reason

MAX_BATCH: Final = 200

ReviewKind = Literal["fraud", "compliance", "no_score"]
"""Why: the score, a possible hit of screening, or that there is no score; the last closes itself once there is one."""

ReviewSubject = Literal["payment", "withdrawal"]
ReviewOutcome = Literal["approve", "decline"]


class ReviewDue(msgspec.Struct, frozen=True, kw_only=True):
    """A movement whose money is held until each of ``kinds`` is approved, or one of them declined.

    It says all that is due now: what was open about it under another kind is over, what was approved stays approved.
    ``score`` is None where there is none; ``reasons`` are those of fraud and screening, without personal data.
    ``decide_by`` is when its owner gives it up by its own clock, None where that is not known.
    """

    subject: ReviewSubject
    subject_id: UUID
    kinds: list[ReviewKind]
    from_wallet: UUID
    to_wallet: UUID | None
    amount: int
    currency: str
    score: float | None
    reasons: list[Reason]
    at: datetime
    decide_by: datetime | None = None


class ReviewOver(msgspec.Struct, frozen=True, kw_only=True):
    """A movement waits for nobody any more: it was decided, voided, ran out of time, or its score approved it."""

    subject: ReviewSubject
    subject_id: UUID
    at: datetime


class ReviewsDue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Movements to put into the queue, ``MAX_BATCH`` at most."""

    items: Annotated[list[ReviewDue], Meta(max_length=MAX_BATCH)]


class ReviewsOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Movements to take out of the queue, ``MAX_BATCH`` at most."""

    items: Annotated[list[ReviewOver], Meta(max_length=MAX_BATCH)]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What people decided about one movement.

    ``approved`` are all kinds that were approved so far; ``declined`` is the one that was declined, None where none
    was. ``actor`` is the id of the key of who decided last, ``reason`` is theirs.
    """

    subject_id: UUID
    outcome: ReviewOutcome
    approved: list[ReviewKind]
    declined: ReviewKind | None
    actor: str
    reason: str


class VerdictTaken(msgspec.Struct, frozen=True):
    """``status`` of the movement after its owner has acted on a verdict, or found that nothing is to be done."""

    status: str


class Accepted(msgspec.Struct, frozen=True):
    """How many items were taken in; twice is no error."""

    count: int


class ReviewClient:
    """Typed calls of fraud-service's review queue."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def due(self, items: Sequence[ReviewDue], *, timeout_seconds: float = 2.0) -> None:
        """Put movements into the queue; one that is there already is not there twice."""
        body = ReviewsDue(list(items))
        await self._caller.call("POST", "/internal/reviews/due", body, Accepted, timeout_seconds=timeout_seconds)

    async def over(self, items: Sequence[ReviewOver], *, timeout_seconds: float = 2.0) -> None:
        """Take movements out of the queue; what is decided stays decided."""
        body = ReviewsOver(list(items))
        await self._caller.call("POST", "/internal/reviews/over", body, Accepted, timeout_seconds=timeout_seconds)
