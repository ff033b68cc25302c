"""A movement: money that comes in (deposit) or goes out (withdrawal) over a rail, and the states it passes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.fraud import Reason
from waqiti.contracts.public.wallets import MovementStatus
from waqiti.contracts.refusals import detail, shown, status_of
from waqiti.contracts.reviews import ReviewKind, Verdict

Kind = Literal["deposit", "withdrawal"]
Step = Literal["screen", "file", "review", "release", "rail", "arrived", "resolve", "done"]
"""Where a movement goes on: a deposit by rail, arrived, resolve; a withdrawal by screen, (file, review,) rail, resolve.

One that is held for review is filed with those who review first. One whose review ends against it goes by release to
resolve.
"""
IN_REVIEW: Final = frozenset[Step]({"file", "review"})

PREFIXES: Final[dict[Kind, str]] = {"deposit": prefixes.DEPOSIT, "withdrawal": prefixes.WITHDRAWAL}
FIRST_STEP: Final[dict[Kind, Step]] = {"deposit": "rail", "withdrawal": "screen"}

Transitions: TypeAlias = dict[MovementStatus, frozenset[MovementStatus]]

TRANSITIONS: Final[dict[Kind, Transitions]] = {
    "deposit": {
        "pending": frozenset({"screening", "settled", "declined", "failed"}),
        "screening": frozenset({"settled", "declined", "failed"}),
    },
    "withdrawal": {
        "pending": frozenset({"screening", "in_review", "settled", "declined", "failed"}),
        "screening": frozenset({"pending", "in_review", "declined", "failed"}),
        "in_review": frozenset({"pending", "declined", "failed"}),
        "settled": frozenset({"returned"}),
    },
}
"""The state table; the database holds the same one. Statuses without a line are terminal."""

UNDECIDED: Final = frozenset[MovementStatus]({"pending", "screening"})
ENDED: Final = frozenset[MovementStatus]({"settled", "declined", "failed", "returned"})

RETURNED: Final = "returned"
NO_SCORE: Final[ReviewKind] = "no_score"

_LONGEST_PAUSE: Final = timedelta(seconds=5)
_SHORTEST_PAUSE: Final = timedelta(milliseconds=200)


class Refusal(msgspec.Struct, frozen=True):
    """Why a movement did not come about: a stable code and a sentence."""

    code: str
    detail: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Why a withdrawal waits for people, since ``at``: all ``kinds`` have to be approved. ``score`` is 0..1."""

    kinds: tuple[ReviewKind, ...]
    score: float | None
    reasons: tuple[Reason, ...]
    at: datetime


class MovementRow(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as it is stored. ``lease`` is the token of who drives it now; ``attempts`` counts pauses in a step.

    ``changed_at`` is when its status last changed. ``capture_round`` counts captures that a freeze stopped. ``review``
    is the last that was due, ``verdict`` what people have said of it and nobody has acted upon.
    """

    id: UUID
    kind: Kind
    wallet_id: UUID
    customer_id: UUID
    amount: int
    currency: str
    rail: str
    reference: str | None
    status: MovementStatus
    step: Step
    failure_code: str | None
    failure_detail: str | None
    rail_reference: str | None
    review: Review | None
    verdict: Verdict | None
    capture_round: int
    attempts: int
    lease: UUID | None
    created_at: datetime
    changed_at: datetime

    @property
    def failure(self) -> Refusal | None:
        """Why it did not come about, where it did not."""
        return Refusal(self.failure_code, self.failure_detail or "") if self.failure_code else None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a movement: it goes on at once, after ``pause``, or (step "done") not by itself.

    ``reason`` goes into the log of transitions. None in ``failure``, ``rail_reference``, ``review`` and
    ``capture_round`` leaves what is there; ``verdict_taken`` says that the verdict was acted upon.
    """

    status: MovementStatus
    step: Step
    reason: str
    pause: timedelta | None = None
    failure: Refusal | None = None
    rail_reference: str | None = None
    review: Review | None = None
    verdict_taken: bool = False
    capture_round: int | None = None

    @property
    def rests(self) -> bool:
        """Tell whether the movement is let go of after this change."""
        return self.pause is not None or self.step == "done"


def allowed(kind: Kind, before: MovementStatus, after: MovementStatus) -> bool:
    """Tell whether a movement may go from one status to another; staying is always allowed."""
    return before == after or after in TRANSITIONS[kind].get(before, frozenset())


def described(code: str, reasons: Iterable[Reason] = ()) -> Refusal:
    """Return a refusal as the client sees it; ``reasons`` are those of screening."""
    return Refusal(shown(code), detail(code, reasons))


def refused(code: str, step: Step, reasons: Iterable[Reason] = ()) -> Change:
    """End a movement by a refusal of the ledger, compliance or fraud."""
    return Change(status=status_of(code), step=step, reason=code, failure=described(code, reasons))


def later(movement: MovementRow, reason: str, *, status: MovementStatus | None = None) -> Change:
    """Try the same step again after a pause that doubles from 0.2 s to 5 s."""
    pause = min(_SHORTEST_PAUSE * 2 ** min(movement.attempts, 10), _LONGEST_PAUSE)
    return Change(
        status=status or movement.status,
        step=movement.step,
        reason=reason,
        pause=pause,
    )
