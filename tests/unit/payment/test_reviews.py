"""What a verdict does to a payment in each status, and what people are told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from tests.unit.payment.test_decisions import queued
from waqiti.contracts.compliance import ComplianceDecision, ScreeningOutcome
from waqiti.contracts.fraud import Reason
from waqiti.contracts.payment import CompliancePart, Decision, FraudPart, Status
from waqiti.contracts.reviews import ReviewKind, Verdict
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain import decisions, reviews
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.payments import Facts, Payment, State
from waqiti.services.payment.domain.reviews import Approval
from waqiti.services.payment.domain.steps import SERVICE, Asked, Step

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KINDS: tuple[ReviewKind, ...] = get_args(ReviewKind)
STATUSES: tuple[Status, ...] = get_args(Status)
ACTOR = "key_of_a_reviewer"


def payment(status: Status, review: ReviewKind | None = None, decision: Decision | None = None) -> Payment:
    fields: dict[str, Any] = {
        name: new_id()
        for name in ("id", "from_wallet", "to_wallet", "from_account", "to_account", "from_customer", "to_customer")
    }
    facts = Facts(
        **fields,
        amount=100,
        currency="EUR",
        manual=False,
        fee=0,
        description=None,
        metadata=None,
        created_by="key_test",
        created_at=NOW,
    )
    return Payment(facts, State(status=status, review=review, decision=decision, updated_at=NOW))


def plan(to: Payment, asked: Asked, deadline: datetime | None = LATER) -> Step:
    return rules.plan(to, new_id(), asked, deadline, NOW)


def approved(*kinds: ReviewKind) -> Asked:
    return rules.approved(ACTOR, reviews.APPROVED, frozenset(kinds))


def screening(outcome: ScreeningOutcome, *refusals: str) -> ComplianceDecision:
    return ComplianceDecision(id=new_id(), outcome=outcome, refusals=list(refusals), reasons=[])


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "in_review"])
@pytest.mark.parametrize("asked", [approved(*KINDS), *(rules.declined(kind, ACTOR) for kind in KINDS)])
def test_a_payment_that_waits_for_nobody_is_not_touched_by_a_verdict(status: Status, asked: Asked) -> None:
    with pytest.raises(Problem, match="conflict"):
        plan(payment(status), asked)


@pytest.mark.parametrize("review", KINDS)
def test_an_approved_payment_is_captured_whole_by_who_approved_it(review: ReviewKind) -> None:
    step = plan(payment("in_review", review), approved(review))
    assert (step.kind, step.becomes, step.amount, step.failure_code) == ("capture", "captured", 100, None)
    assert (step.actor, step.reason, step.own) == (ACTOR, "review_approved", True)


@pytest.mark.parametrize("review", KINDS)
def test_a_payment_that_is_in_another_review_by_now_stays_there(review: ReviewKind) -> None:
    others = [kind for kind in KINDS if kind != review]
    with pytest.raises(Problem, match="not in that review"):
        plan(payment("in_review", review), approved(*others))


def test_a_payment_whose_clock_has_run_out_cannot_be_approved_but_declined() -> None:
    waiting = payment("in_review", "fraud")
    with pytest.raises(Problem, match="expired"):
        plan(waiting, approved("fraud"), deadline=NOW)
    assert plan(waiting, rules.declined("fraud", ACTOR), deadline=NOW).becomes == "declined"


@pytest.mark.parametrize(
    ("kind", "code"), [("fraud", "fraud_declined"), ("no_score", "fraud_declined"), ("compliance", "sanctions_hit")]
)
@pytest.mark.parametrize("review", KINDS)
def test_a_declined_payment_gives_its_hold_back_whichever_review_it_is_in(
    kind: ReviewKind, code: str, review: ReviewKind
) -> None:
    step = plan(payment("in_review", review), rules.declined(kind, ACTOR))
    assert (step.kind, step.becomes, step.failure_code) == ("void", "declined", code)
    assert (step.actor, step.reason) == (ACTOR, "review_declined")


def test_a_client_cannot_capture_what_is_in_review() -> None:
    with pytest.raises(Problem, match="in_review cannot be captured"):
        plan(payment("in_review", "fraud"), rules.capture(None, "key_client"))


def test_the_clock_of_a_review_does_not_end_what_was_authorized_meanwhile() -> None:
    clock = rules.expired(payment("in_review", "fraud").state)
    assert (clock.becomes, clock.failure_code, clock.actor) == ("declined", "review_expired", SERVICE)
    with pytest.raises(Problem, match="not in that review"):
        plan(payment("authorized"), clock)
    assert plan(payment("authorized"), rules.expired(payment("authorized").state)).becomes == "expired"


@pytest.mark.parametrize(
    ("outcome", "kinds", "due"),
    [
        ("clear", ("fraud",), ()),
        ("possible", ("fraud",), ("compliance",)),
        ("possible", ("fraud", "compliance"), ()),
        ("possible", ("no_score",), ("compliance",)),
    ],
)
def test_what_screening_finds_again_waits_for_compliance_unless_they_have_approved(
    outcome: ScreeningOutcome, kinds: tuple[ReviewKind, ...], due: tuple[ReviewKind, ...]
) -> None:
    fraud = FraudPart(score=0.8, outcome="review")
    state = payment("in_review", kinds[0], Decision(fraud=fraud)).state
    finding = reviews.screened_again(state, screening(outcome), Approval(ACTOR, "review_approved", frozenset(kinds)))
    assert (finding.refusals, tuple(finding.reviews)) == ([], due)
    assert finding.decision == Decision(fraud=fraud, compliance=CompliancePart(outcome=outcome))


def test_what_stands_against_a_payment_counts_whoever_approved_it() -> None:
    approval = Approval(ACTOR, "review_approved", frozenset(KINDS))
    finding = reviews.screened_again(payment("in_review", "fraud").state, screening("confirmed", "hit"), approval)
    assert finding.refusals == ["hit"]


@pytest.mark.parametrize(("outcome", "due"), [("clear", ("fraud",)), ("possible", ("fraud", "compliance"))])
def test_what_no_service_can_digest_is_looked_at_as_a_bad_score(
    outcome: ScreeningOutcome, due: tuple[ReviewKind, ...]
) -> None:
    decision = Decision(compliance=CompliancePart(outcome=outcome))
    finding = reviews.undigested(payment("in_review", "no_score", decision).state)
    assert (finding.refusals, finding.reviews, finding.decision) == ((), due, decision)


def test_a_score_that_came_approves_only_what_had_none() -> None:
    assert (reviews.SCORE_CAME.actor, reviews.SCORE_CAME.reviews) == (SERVICE, frozenset({"no_score"}))


def test_people_are_told_the_score_and_all_reasons() -> None:
    fraud = FraudPart(score=0.8, outcome="review", reasons=[Reason("odd_hour", "It is night.")])
    compliance = CompliancePart(outcome="possible", reasons=[Reason("possible_match", "Entry 17.")])
    about = queued()
    due = reviews.due(about, ("fraud", "compliance"), Decision(fraud=fraud, compliance=compliance), NOW, LATER)
    assert (due.at, due.decide_by) == (NOW, LATER)
    assert (due.subject, due.subject_id, due.kinds) == ("payment", about.payment_id, ["fraud", "compliance"])
    assert (due.from_wallet, due.to_wallet, due.amount) == (about.from_wallet, about.to_wallet, 100)
    assert (due.score, [reason.code for reason in due.reasons]) == (0.8, ["odd_hour", "possible_match"])


def test_people_are_told_that_there_is_no_score() -> None:
    due = reviews.due(queued(), ("no_score",), Decision(fraud=decisions.fraud_part(None)), NOW, LATER)
    assert (due.score, [reason.code for reason in due.reasons]) == (None, ["no_score"])


def test_a_verdict_approves_the_kinds_that_people_have_approved() -> None:
    verdict = Verdict(
        subject_id=new_id(), outcome="approve", approved=["fraud"], declined=None, actor=ACTOR, reason="Known."
    )
    assert reviews.approval_of(verdict) == Approval(ACTOR, "review_approved", frozenset({"fraud"}))
