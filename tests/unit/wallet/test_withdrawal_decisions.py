"""What a withdrawal asks of the ledger, and what it makes of the answers."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest

from waqiti.contracts.compliance import ComplianceDecision, ScreeningOutcome
from waqiti.contracts.fraud import FraudDecision, FraudOutcome, Reason
from waqiti.contracts.ledger import Outcome, TransferResult
from waqiti.contracts.reviews import ReviewKind, Verdict
from waqiti.foundation.ids import derived_id, new_id
from waqiti.services.wallet.domain.movements import MovementRow, Review, Step
from waqiti.services.wallet.domain.rails import RailReport
from waqiti.services.wallet.domain.withdrawals import (
    Hold,
    Refuse,
    after_capture,
    after_first_transfer,
    after_rail,
    capture,
    decision,
    first_transfer,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SETTLED = RailReport("sbx_1", "settled")


def withdrawal(
    *,
    status: Literal["pending", "screening", "in_review"] = "pending",
    step: Step = "screen",
    idle: timedelta = timedelta(0),
    review: Review | None = None,
    verdict: Verdict | None = None,
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
        review=review,
        verdict=verdict,
        capture_round=0,
        attempts=0,
        lease=new_id(),
        created_at=NOW - idle,
        changed_at=NOW - idle,
    )


def screened(movement: MovementRow, *refusals: str) -> ComplianceDecision:
    return ComplianceDecision(id=movement.id, outcome="clear", refusals=list(refusals), reasons=[])


def scored(movement: MovementRow, outcome: FraudOutcome = "approve") -> FraudDecision:
    reasons = [Reason("large", "It is large.")] if outcome == "review" else []
    return FraudDecision(id=movement.id, score=0.1, outcome=outcome, reasons=reasons)


def answered(movement: MovementRow, outcome: Outcome, code: str | None = None) -> TransferResult:
    return TransferResult(id=movement.id, outcome=outcome, amount=movement.amount, recorded_at=NOW, code=code)


def test_all_refusals_go_to_the_ledger_which_reports_the_first() -> None:
    asked = withdrawal()

    held = decision(asked, screened(asked, "limit_exceeded"), scored(asked, "decline"), NOW)

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

    assert decision(asked, screened(asked), None, NOW) == "wait"


def test_after_ten_seconds_without_a_score_the_funds_are_held_for_review() -> None:
    asked = withdrawal(status="screening", idle=timedelta(seconds=11))

    held = decision(asked, screened(asked), None, NOW)

    assert held == Hold((), Review(kinds=("no_score",), score=None, reasons=(), at=NOW))
    change = after_first_transfer(answered(asked, "held"), held, NOW)
    assert (change.status, change.step, change.review) == ("in_review", "file", held.review)


def test_compliance_is_waited_for_a_minute_then_it_is_refused() -> None:
    waiting = withdrawal(status="screening", idle=timedelta(seconds=59))
    over = withdrawal(status="screening", idle=timedelta(seconds=61))

    assert decision(waiting, None, scored(waiting), NOW) == "wait"
    given_up = decision(over, None, scored(over), NOW)
    assert given_up == Hold(("compliance_unavailable",))
    assert first_transfer(over, given_up).kind == "hold"
    assert first_transfer(over, given_up).refusals == ("compliance_unavailable",)


def test_a_hold_that_an_earlier_attempt_got_is_reviewed_when_compliance_went_away_since() -> None:
    over = withdrawal(status="screening", idle=timedelta(seconds=61))

    change = after_first_transfer(answered(over, "held"), Hold(("compliance_unavailable",)), NOW)

    assert (change.status, change.step) == ("in_review", "file")
    assert change.review == Review(kinds=("no_score",), score=None, reasons=(), at=NOW)


@pytest.mark.parametrize(
    ("outcome", "screening", "kinds"),
    [
        ("approve", "clear", None),
        ("approve", "possible", ("compliance",)),
        ("review", "clear", ("fraud",)),
        ("review", "possible", ("fraud", "compliance")),
        (None, "clear", ("no_score",)),
        (None, "possible", ("no_score", "compliance")),
    ],
)
def test_all_that_somebody_has_to_approve_is_due_at_once(
    outcome: FraudOutcome | None, screening: ScreeningOutcome, kinds: tuple[ReviewKind, ...] | None
) -> None:
    asked = withdrawal(status="screening", idle=timedelta(seconds=11))
    named = Reason("sanctions_possible", "It is looked at.")
    compliance = msgspec.structs.replace(screened(asked), outcome=screening, reasons=[named])
    fraud = None if outcome is None else scored(asked, outcome)

    held = decision(asked, compliance, fraud, NOW)

    assert isinstance(held, Hold)
    score, reasons = (None, ()) if fraud is None else (fraud.score, tuple(fraud.reasons))
    due = None if kinds is None else Review(kinds=kinds, score=score, reasons=(*reasons, named), at=NOW)
    assert (held.refusals, held.review) == ((), due)
    assert after_first_transfer(answered(asked, "held"), held, NOW).step == ("rail" if kinds is None else "file")


def test_the_minute_begins_when_it_first_had_to_wait() -> None:
    old = withdrawal(status="pending", idle=timedelta(hours=2))

    assert decision(old, None, None, NOW) == "wait"


def test_after_a_day_it_is_given_up() -> None:
    old = withdrawal(idle=timedelta(hours=25))

    assert decision(old, screened(old), scored(old), NOW) == Refuse("given_up")


def test_giving_up_follows_what_the_ledger_had_stored() -> None:
    old = withdrawal(idle=timedelta(hours=25))

    change = after_first_transfer(answered(old, "held"), Refuse("given_up"), NOW)

    assert (change.status, change.step) == ("in_review", "file")


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

    change = after_first_transfer(answered(asked, "refused", code), Hold(), NOW)

    assert (change.status, change.step) == (status, "resolve")
    assert change.failure is not None
    assert change.failure.code == shown


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
