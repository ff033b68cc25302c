"""From two decisions and the ledger's answer to what becomes of a payment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from waqiti.contracts.compliance import ComplianceDecision, ScreeningOutcome
from waqiti.contracts.fraud import FraudDecision, FraudOutcome
from waqiti.contracts.ledger import LINKED_REFUSED, Outcome, TransferResult
from waqiti.foundation.ids import derived_id, new_id
from waqiti.services.payment.domain import decisions
from waqiti.services.payment.domain.decisions import BACKSTOP, Clocks, Screened
from waqiti.services.payment.domain.payments import Queued

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CLOCKS = Clocks(review=timedelta(hours=72), authorization=timedelta(days=7))


def queued(**more: Any) -> Queued:
    fields: dict[str, Any] = {
        name: new_id()
        for name in (
            "payment_id",
            "from_wallet",
            "to_wallet",
            "from_account",
            "to_account",
            "from_customer",
            "to_customer",
        )
    }
    return Queued(**(fields | {"amount": 100, "currency": "EUR", "actor": "key_test", "at": NOW} | more))


def screened(
    fraud: FraudOutcome | None = "approve",
    compliance: ScreeningOutcome | None = "clear",
    refusals: tuple[str, ...] = (),
    *,
    given_up: bool = False,
) -> Screened:
    identifier = new_id()
    return Screened(
        fraud=None if fraud is None else FraudDecision(id=identifier, score=0.5, outcome=fraud, reasons=[]),
        compliance=None
        if compliance is None
        else ComplianceDecision(id=identifier, outcome=compliance, refusals=list(refusals), reasons=[]),
        given_up=given_up,
    )


def answer(payment: Queued, outcome: Outcome, code: str | None = None, amount: int = 100) -> list[TransferResult]:
    moved = 0 if outcome == "refused" else amount
    return [TransferResult(id=payment.payment_id, outcome=outcome, amount=moved, recorded_at=NOW, code=code)]


def test_an_automatic_payment_is_posted_under_its_own_id() -> None:
    payment = queued()
    (transfer,) = decisions.first_step(payment, screened(), CLOCKS, NOW)
    assert (transfer.id, transfer.kind, transfer.amount) == (payment.payment_id, "post", 100)
    assert (transfer.debit, transfer.credit) == (payment.from_account, payment.to_account)
    assert transfer.refusals == ()


def test_its_fee_is_linked_and_comes_from_the_payee() -> None:
    payment = queued(fee=3)
    main, fee = decisions.first_step(payment, screened(), CLOCKS, NOW)
    assert main.linked
    assert not fee.linked
    assert (fee.id, fee.amount, fee.debit) == (derived_id(payment.payment_id, "fee"), 3, payment.to_account)


def test_a_manual_payment_is_held_for_a_day_longer_than_its_authorization() -> None:
    (transfer,) = decisions.first_step(queued(manual=True, fee=3), screened(), CLOCKS, NOW)
    assert transfer.kind == "hold"
    assert transfer.expires_at == NOW + CLOCKS.authorization + BACKSTOP


@pytest.mark.parametrize("fraud", [None, "review"])
def test_a_review_always_holds(fraud: FraudOutcome | None) -> None:
    (transfer,) = decisions.first_step(queued(), screened(fraud), CLOCKS, NOW)
    assert transfer.kind == "hold"
    assert transfer.expires_at == NOW + CLOCKS.review + BACKSTOP


def test_a_refusal_goes_with_the_transfer_and_leaves_the_fee_out() -> None:
    (transfer,) = decisions.first_step(queued(fee=3), screened("decline", "clear", ("limit_exceeded",)), CLOCKS, NOW)
    assert transfer.kind == "post"
    assert set(transfer.refusals) == {"limit_exceeded", "fraud_declined"}


def test_without_compliance_nothing_passes() -> None:
    (transfer,) = decisions.first_step(queued(), screened("approve", None), CLOCKS, NOW)
    assert transfer.refusals == ("compliance_unavailable",)


def test_giving_up_is_a_refusal_under_the_same_id() -> None:
    payment = queued(manual=True)
    (transfer,) = decisions.first_step(payment, screened(None, None, given_up=True), CLOCKS, NOW)
    assert (transfer.id, transfer.kind, transfer.refusals) == (payment.payment_id, "refuse", ("given_up",))


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("insufficient_funds", "failed", "insufficient_funds"),
        ("wallet_frozen", "failed", "wallet_frozen"),
        ("customer_not_active", "failed", "customer_not_active"),
        ("compliance_unavailable", "failed", "compliance_unavailable"),
        ("limit_exceeded", "declined", "limit_exceeded"),
        ("fraud_declined", "declined", "fraud_declined"),
        ("sanctions_hit", "declined", "sanctions_hit"),
        ("customer_blocked", "declined", "sanctions_hit"),
    ],
)
def test_the_code_of_a_refusal_gives_the_status(code: str, status: str, shown: str) -> None:
    payment = queued()
    conclusion = decisions.conclude(payment, screened(), answer(payment, "refused", code), CLOCKS, NOW)
    assert (conclusion.status, conclusion.failure_code, conclusion.captured) == (status, shown, 0)


def test_where_the_fee_was_refused_its_code_is_the_one() -> None:
    payment = queued(fee=1)
    results = [
        *answer(payment, "refused", LINKED_REFUSED),
        TransferResult(id=new_id(), outcome="refused", amount=0, recorded_at=NOW, code="account_unknown"),
    ]
    conclusion = decisions.conclude(payment, screened(), results, CLOCKS, NOW)
    assert (conclusion.status, conclusion.failure_code) == ("failed", "account_unknown")


@pytest.mark.parametrize(
    ("manual", "fraud", "status", "review"),
    [
        (True, "approve", "authorized", None),
        (True, None, "in_review", "no_score"),
        (False, None, "in_review", "no_score"),
        (False, "review", "in_review", "fraud"),
        (False, "approve", "in_review", "no_score"),
        (True, "decline", "in_review", "no_score"),
    ],
)
def test_a_hold_that_the_ledger_stored_is_followed_whatever_is_thought_now(
    manual: bool, fraud: FraudOutcome | None, status: str, review: str | None
) -> None:
    payment = queued(manual=manual)
    conclusion = decisions.conclude(payment, screened(fraud), answer(payment, "held"), CLOCKS, NOW)
    assert (conclusion.status, conclusion.review) == (status, review)
    assert conclusion.deadline_at == NOW + (CLOCKS.authorization if review is None else CLOCKS.review)


def test_a_post_that_the_ledger_stored_is_followed_although_a_hold_was_asked() -> None:
    payment = queued(fee=2)
    conclusion = decisions.conclude(payment, screened(None), answer(payment, "posted"), CLOCKS, NOW)
    assert (conclusion.status, conclusion.captured, conclusion.fee_captured) == ("captured", 100, 2)


def test_a_missing_score_is_kept_as_a_review_with_that_reason() -> None:
    fraud = decisions.decision_of(screened(None)).fraud
    assert fraud is not None
    assert (fraud.outcome, [reason.code for reason in fraud.reasons]) == ("review", ["no_score"])


def test_two_reviews_are_both_open_and_neither_hides_the_other() -> None:
    assert screened(None, "possible").reviews == ("no_score", "compliance")
    assert screened("review", "possible").reviews == ("fraud", "compliance")
    assert screened("approve", "possible").reviews == ("compliance",)
    assert screened("approve", "clear").reviews == ()


@pytest.mark.parametrize(
    ("first", "again", "graver"),
    [("clear", "clear", "clear"), ("possible", "clear", "possible"), ("possible", "confirmed", "confirmed")],
)
def test_of_two_screenings_the_graver_outcome_and_all_refusals_count(
    first: ScreeningOutcome, again: ScreeningOutcome, graver: ScreeningOutcome
) -> None:
    before = screened(compliance=first, refusals=("limit_exceeded",)).compliance
    now = screened(compliance=again, refusals=("customer_blocked", "limit_exceeded")).compliance
    assert before is not None
    assert now is not None
    found = decisions.both(before, now)
    assert (found.id, found.outcome) == (before.id, graver)
    assert found.refusals == ["limit_exceeded", "customer_blocked"]
