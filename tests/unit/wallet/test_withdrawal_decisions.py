"""What a withdrawal asks of the ledger, and what it makes of the answers."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest

from waqiti.contracts.compliance import ComplianceDecision
from waqiti.contracts.fraud import FraudDecision, FraudOutcome
from waqiti.contracts.ledger import Account, Outcome, TransferResult
from waqiti.foundation.ids import derived_id, new_id
from waqiti.services.wallet.domain.movements import Change, MovementRow, Step
from waqiti.services.wallet.domain.rails import RailReport
from waqiti.services.wallet.domain.withdrawals import (
    Hold,
    Refuse,
    after_capture,
    after_first_transfer,
    after_rail,
    after_review,
    after_screening_again,
    after_voiding,
    capture,
    first_transfer,
    verdict,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SETTLED = RailReport("sbx_1", "settled")


def withdrawal(
    *,
    status: Literal["pending", "screening", "in_review"] = "pending",
    step: Step = "screen",
    idle: timedelta = timedelta(0),
    review_reason: str | None = None,
) -> MovementRow:
    """A withdrawal whose status changed ``idle`` ago."""
    return MovementRow(
        id=new_id(),
        kind="withdrawal",
        wallet_id=new_id(),
        customer_id=new_id(),
        amount=500,
        currency="EUR",
        rail="sandbox",
        reference=None,
        status=status,
        step=step,
        failure_code=None,
        failure_detail=None,
        rail_reference=None,
        review_reason=review_reason,
        capture_round=0,
        attempts=0,
        lease=new_id(),
        created_at=NOW - idle,
        changed_at=NOW - idle,
    )


def screened(movement: MovementRow, *refusals: str) -> ComplianceDecision:
    return ComplianceDecision(id=movement.id, outcome="clear", refusals=list(refusals), reasons=[])


def scored(movement: MovementRow, outcome: FraudOutcome = "approve") -> FraudDecision:
    return FraudDecision(id=movement.id, score=0.1, outcome=outcome, reasons=[])


def answered(movement: MovementRow, outcome: Outcome, code: str | None = None) -> TransferResult:
    return TransferResult(id=movement.id, outcome=outcome, amount=movement.amount, recorded_at=NOW, code=code)


def account(movement: MovementRow, *, frozen: Literal["none", "debits", "all"], closed: bool) -> Account:
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


def test_all_refusals_go_to_the_ledger_which_reports_the_first() -> None:
    asked = withdrawal()

    held = verdict(asked, screened(asked, "limit_exceeded"), scored(asked, "decline"), NOW)

    assert held == Hold(("limit_exceeded", "fraud_declined"))
    assert first_transfer(asked, held).refusals == ("limit_exceeded", "fraud_declined")
    assert first_transfer(asked, held).kind == "hold"
    assert first_transfer(asked, held).id == asked.id


def test_a_hold_has_no_end_for_a_rail_may_take_its_time() -> None:
    asked = withdrawal()

    assert first_transfer(asked, Hold()).expires_at is None


@pytest.mark.parametrize("idle_seconds", [0, 9])
def test_nothing_is_decided_without_a_score_before_ten_seconds(idle_seconds: int) -> None:
    asked = withdrawal(status="screening", idle=timedelta(seconds=idle_seconds))

    assert verdict(asked, screened(asked), None, NOW) == "wait"


def test_after_ten_seconds_without_a_score_the_funds_are_held_for_review() -> None:
    asked = withdrawal(status="screening", idle=timedelta(seconds=11))

    held = verdict(asked, screened(asked), None, NOW)

    assert held == Hold((), "no_score")
    change = after_first_transfer(answered(asked, "held"), held)
    assert (change.status, change.step, change.review_reason) == ("in_review", "review", "no_score")


def test_compliance_is_waited_for_a_minute_then_it_is_refused() -> None:
    waiting = withdrawal(status="screening", idle=timedelta(seconds=59))
    over = withdrawal(status="screening", idle=timedelta(seconds=61))

    assert verdict(waiting, None, scored(waiting), NOW) == "wait"
    given_up = verdict(over, None, scored(over), NOW)
    assert given_up == Hold(("compliance_unavailable",))
    assert first_transfer(over, given_up).kind == "hold"
    assert first_transfer(over, given_up).refusals == ("compliance_unavailable",)


def test_a_hold_that_an_earlier_attempt_got_is_reviewed_when_compliance_went_away_since() -> None:
    over = withdrawal(status="screening", idle=timedelta(seconds=61))

    change = after_first_transfer(answered(over, "held"), Hold(("compliance_unavailable",)))

    assert (change.status, change.step, change.review_reason) == ("in_review", "review", "no_score")


def test_the_minute_begins_when_it_first_had_to_wait() -> None:
    old = withdrawal(status="pending", idle=timedelta(hours=2))

    assert verdict(old, None, None, NOW) == "wait"


def test_after_a_day_it_is_given_up() -> None:
    old = withdrawal(idle=timedelta(hours=25))

    assert verdict(old, screened(old), scored(old), NOW) == Refuse("given_up")


def test_giving_up_follows_what_the_ledger_had_stored() -> None:
    old = withdrawal(idle=timedelta(hours=25))

    change = after_first_transfer(answered(old, "held"), Refuse("given_up"))

    assert (change.status, change.step) == ("in_review", "review")


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("insufficient_funds", "failed", "insufficient_funds"),
        ("wallet_frozen", "failed", "wallet_frozen"),
        ("limit_exceeded", "declined", "limit_exceeded"),
        ("fraud_declined", "declined", "fraud_declined"),
        ("customer_blocked", "declined", "sanctions_hit"),
        ("customer_not_active", "failed", "customer_not_active"),
    ],
)
def test_a_refusal_ends_it_with_the_status_of_its_code(code: str, status: str, shown: str) -> None:
    asked = withdrawal()

    change = after_first_transfer(answered(asked, "refused", code), Hold())

    assert (change.status, change.step) == (status, "resolve")
    assert change.failure is not None
    assert change.failure.code == shown


def test_a_review_without_a_score_closes_itself() -> None:
    waiting = withdrawal(status="in_review", step="review", review_reason="no_score")

    unanswered, reviewed = after_review(waiting, None, NOW), after_review(waiting, scored(waiting, "review"), NOW)
    declined = after_review(waiting, scored(waiting, "decline"), NOW)

    assert after_review(waiting, scored(waiting, "approve"), NOW) == "screen_again"
    assert isinstance(unanswered, Change)
    assert (unanswered.status, unanswered.step) == ("in_review", "review")
    assert isinstance(reviewed, Change)
    assert reviewed.review_reason == "fraud_review"
    assert isinstance(declined, Change)
    assert (declined.status, declined.step, declined.reason) == ("in_review", "release", "fraud_declined")


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
def test_an_approved_withdrawal_goes_on_only_where_nothing_speaks_against_it_now(
    refusals: tuple[str, ...], frozen: Literal["none", "debits", "all"], closed: bool, code: str | None
) -> None:
    waiting = withdrawal(status="in_review", step="review", review_reason="no_score")

    change = after_screening_again(
        waiting, screened(waiting, *refusals), account(waiting, frozen=frozen, closed=closed)
    )

    step = ("in_review", "release", code) if code else ("pending", "rail", "score_approved")
    assert (change.status, change.step, change.reason) == step


def test_a_possible_hit_is_left_to_people_at_first_and_when_it_is_screened_again() -> None:
    asked = withdrawal()
    possible = msgspec.structs.replace(screened(asked), outcome="possible")
    waiting = withdrawal(status="in_review", step="review", review_reason="no_score")
    unfrozen = account(waiting, frozen="none", closed=False)

    again = after_screening_again(waiting, possible, unfrozen)

    assert verdict(asked, possible, scored(asked), NOW) == Hold((), "compliance_review")
    assert (again.status, again.step, again.review_reason) == ("in_review", "review", "compliance_review")
    assert again.rests


@pytest.mark.parametrize(
    ("code", "status"),
    [("sanctions_hit", "declined"), ("customer_not_active", "failed"), ("review_expired", "declined")],
)
def test_what_was_decided_against_a_withdrawal_ends_it_once_its_hold_is_void(code: str, status: str) -> None:
    voided = msgspec.structs.replace(
        withdrawal(status="in_review", step="release"), failure_code=code, failure_detail="It says why."
    )

    change = after_voiding(voided)

    assert (change.status, change.step, change.reason) == (status, "resolve", code)


def test_a_review_ends_after_three_days() -> None:
    forgotten = withdrawal(status="in_review", step="review", review_reason="fraud_review", idle=timedelta(hours=73))

    change = after_review(forgotten, None, NOW)

    assert isinstance(change, Change)
    assert (change.status, change.step) == ("in_review", "release")
    assert change.failure is not None
    assert change.failure.code == "review_expired"


def test_what_the_rail_returned_it_had_paid_before() -> None:
    sent = withdrawal(step="rail")

    assert after_rail(sent, SETTLED) == "capture"
    assert after_rail(sent, RailReport("sbx_1", "returned")) == "capture"
    assert after_rail(sent, RailReport("sbx_1", "failed")) == "release"


def test_a_capture_that_a_freeze_stopped_is_tried_again_under_another_id() -> None:
    sent = withdrawal(step="rail")

    change = after_capture(sent, SETTLED, answered(sent, "refused", "wallet_frozen"))
    again = msgspec.structs.replace(sent, capture_round=change.capture_round)

    assert (change.status, change.step) == ("pending", "rail")
    assert change.pause is not None
    assert capture(sent).id == derived_id(sent.id, "capture")
    assert capture(again).id not in (capture(sent).id, sent.id)
