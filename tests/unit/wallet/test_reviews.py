"""What becomes of a withdrawal in review: by what people said, by its score, or by time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec
import pytest

from tests.unit.wallet.test_withdrawal_decisions import NOW, scored, screened, withdrawal
from waqiti.contracts.fraud import Reason
from waqiti.contracts.ledger import Account
from waqiti.contracts.reviews import ReviewDue, ReviewKind, Verdict
from waqiti.services.wallet.domain import reviews
from waqiti.services.wallet.domain.movements import Change, MovementRow, Review, Step

FILED = NOW - timedelta(minutes=5)
NAMED = Reason("sanctions_possible", "It is looked at.")


def due(*kinds: ReviewKind) -> Review:
    return Review(kinds=kinds, score=0.8, reasons=(NAMED,), at=FILED)


def waiting(
    *kinds: ReviewKind, verdict: Verdict | None = None, idle: timedelta = timedelta(hours=1), step: Step = "review"
) -> MovementRow:
    return withdrawal(status="in_review", step=step, review=due(*kinds), verdict=verdict, idle=idle)


def said(*approved: ReviewKind, declined: ReviewKind | None = None) -> Verdict:
    return Verdict(
        subject_id=withdrawal().id,
        outcome="approve" if declined is None else "decline",
        approved=list(approved),
        declined=declined,
        actor="key_operator",
        reason="Spoke with somebody",
    )


def account(
    movement: MovementRow, *, frozen: Literal["none", "debits", "all"] = "none", closed: bool = False
) -> Account:
    return Account(
        id=movement.wallet_id,
        kind="wallet",
        currency="EUR",
        posted=500,
        held=500,
        available=0,
        pending_credits=0,
        frozen=frozen,
        closed=closed,
        version=2,
    )


def against(ending: object) -> str:
    """Return the code by which a review has gone against its withdrawal."""
    assert isinstance(ending, Change)
    assert (ending.status, ending.step, ending.verdict_taken) == ("in_review", "release", True)
    assert ending.failure is not None
    return ending.reason


def test_people_are_told_all_that_is_due_and_the_same_whenever_they_are_told() -> None:
    held = waiting("fraud", "compliance")

    assert reviews.due(held) == ReviewDue(
        subject="withdrawal",
        subject_id=held.id,
        kinds=["fraud", "compliance"],
        from_wallet=held.wallet_id,
        to_wallet=None,
        amount=held.amount,
        currency="EUR",
        score=0.8,
        reasons=[NAMED],
        at=FILED,
        decide_by=held.changed_at + timedelta(hours=72),
    )


def test_it_waits_until_time_is_over_and_is_not_looked_at_before() -> None:
    change = reviews.waiting(waiting("fraud", idle=timedelta(hours=2)), NOW)

    assert (change.status, change.step, change.pause) == ("in_review", "review", timedelta(hours=70))
    late = reviews.waiting(waiting("fraud", idle=timedelta(hours=72)), NOW)
    assert late.pause == timedelta(seconds=1)


def test_without_a_score_it_is_looked_at_again_soon() -> None:
    change = reviews.waiting(waiting("no_score", "compliance", step="file"), NOW)

    assert change.step == "review"
    assert change.pause is not None
    assert change.pause <= timedelta(seconds=5)


def test_it_ends_after_three_days_but_not_after_people_have_spoken() -> None:
    late = timedelta(hours=73)

    assert against(reviews.decided(waiting("fraud", idle=late), NOW)) == "review_expired"
    assert reviews.decided(waiting("fraud", idle=late, verdict=said("fraud")), NOW) == "approved"
    assert reviews.decided(waiting("fraud", idle=timedelta(hours=71)), NOW) is None


@pytest.mark.parametrize(
    ("kinds", "approved", "ends"),
    [
        (["fraud"], ["fraud"], True),
        (["fraud", "compliance"], ["fraud", "compliance"], True),
        (["no_score"], ["no_score"], True),
        (["compliance"], ["fraud", "compliance"], True),
        (["fraud", "compliance"], ["fraud"], False),
        (["fraud"], ["no_score"], False),
    ],
)
def test_all_that_is_due_must_be_approved(
    kinds: Sequence[ReviewKind], approved: Sequence[ReviewKind], ends: bool
) -> None:
    ending = reviews.decided(waiting(*kinds, verdict=said(*approved)), NOW)

    if ends:
        assert ending == "approved"
    else:
        assert isinstance(ending, Change)
        assert (ending.step, ending.verdict_taken, ending.rests) == ("review", True, True)


@pytest.mark.parametrize(
    ("declined", "code"),
    [("fraud", "fraud_declined"), ("no_score", "fraud_declined"), ("compliance", "sanctions_hit")],
)
def test_one_that_is_declined_is_enough(declined: ReviewKind, code: str) -> None:
    assert against(reviews.decided(waiting("fraud", "compliance", verdict=said(declined=declined)), NOW)) == code


def test_a_score_that_comes_late_closes_its_review_and_no_other() -> None:
    alone, both = waiting("no_score"), waiting("no_score", "compliance")

    assert reviews.scored(alone, scored(alone, "approve"), NOW) == "approved"
    assert against(reviews.scored(alone, scored(alone, "decline"), NOW)) == "fraud_declined"
    left = reviews.scored(both, scored(both, "approve"), NOW)
    found = reviews.scored(both, scored(both, "review"), NOW)

    assert isinstance(left, Change)
    assert (left.step, left.review) == ("file", Review(kinds=("compliance",), score=0.1, reasons=(NAMED,), at=NOW))
    assert isinstance(found, Change)
    assert found.review is not None
    assert found.review.kinds == ("fraud", "compliance")
    assert found.review.reasons == (Reason("large", "It is large."), NAMED)


@pytest.mark.parametrize(
    ("refusals", "frozen", "closed", "code"),
    [
        ((), "none", False, None),
        ((), "debits", False, "wallet_frozen"),
        ((), "all", False, "wallet_frozen"),
        ((), "none", True, "wallet_closed"),
        (("sanctions_hit",), "none", False, "sanctions_hit"),
        (("customer_not_active",), "none", False, "customer_not_active"),
        (("customer_blocked",), "all", False, "customer_blocked"),
        (("sanctions_hit",), "debits", False, "wallet_frozen"),
    ],
)
@pytest.mark.parametrize("verdict", [None, said("no_score")])
def test_an_approved_withdrawal_goes_on_only_where_nothing_speaks_against_it_now(
    refusals: tuple[str, ...],
    frozen: Literal["none", "debits", "all"],
    closed: bool,
    code: str | None,
    verdict: Verdict | None,
) -> None:
    held = waiting("no_score", verdict=verdict)

    change = reviews.after_screening_again(
        held, screened(held, *refusals), account(held, frozen=frozen, closed=closed), NOW
    )

    if code is not None:
        assert against(change) == code
    else:
        reason = "score_approved" if verdict is None else "review_approved"
        assert (change.status, change.step, change.reason) == ("pending", "rail", reason)


@pytest.mark.parametrize(("approved", "waits"), [(["fraud"], True), (["fraud", "compliance"], False), (None, True)])
def test_a_possible_hit_that_nobody_has_approved_is_left_to_people(
    approved: Sequence[ReviewKind] | None, waits: bool
) -> None:
    held = waiting("fraud", verdict=None if approved is None else said(*approved))
    possible = msgspec.structs.replace(screened(held), outcome="possible", reasons=[NAMED])

    change = reviews.after_screening_again(held, possible, account(held), NOW)

    if waits:
        assert (change.status, change.step, change.verdict_taken) == ("in_review", "file", True)
        assert change.review == Review(kinds=("compliance",), score=0.8, reasons=(NAMED,), at=NOW)
    else:
        assert (change.status, change.step) == ("pending", "rail")


@pytest.mark.parametrize(
    ("code", "status"),
    [("sanctions_hit", "declined"), ("customer_not_active", "failed"), ("review_expired", "declined")],
)
def test_what_was_decided_against_a_withdrawal_ends_it_once_its_hold_is_void(code: str, status: str) -> None:
    voided = msgspec.structs.replace(
        withdrawal(status="in_review", step="release"), failure_code=code, failure_detail="It says why."
    )

    change = reviews.after_voiding(voided)

    assert (change.status, change.step, change.reason) == (status, "resolve", code)


def test_what_somebody_wrote_is_not_kept_here() -> None:
    verdict = said("fraud")

    assert reviews.kept(verdict) == msgspec.structs.replace(verdict, reason="")
