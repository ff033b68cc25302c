"""Payments that a person has to look at, from the switch that holds them to the money that moves or comes back."""

import time
from typing import Final

import pytest

from tests.support.held import AMOUNT, DEADLINE_SECONDS, held_payment, review_of
from tests.support.people import People
from tests.support.platform import Platform
from tests.support.raw import RawClient
from tests.support.switching import switched
from waqiti.client import Client, Conflict, Forbidden, Payment, Review

SOON_SECONDS: Final = 1.0


def becomes(client: Client, payment: Payment, status: str) -> float:
    """Wait until the payment is in ``status``; return how long that took, in seconds."""
    began = time.monotonic()
    while (found := client.payments.get(payment.id)).status != status:
        assert time.monotonic() < began + DEADLINE_SECONDS, found
        time.sleep(0.02)
    return time.monotonic() - began


def balance_of(client: Client, wallet_id: str) -> tuple[int, int, int]:
    balance = client.wallets.get(wallet_id).balance
    return balance.posted, balance.held, balance.available


@pytest.mark.parametrize(("capture", "ends"), [("automatic", "captured"), ("manual", "authorized")])
def test_a_payment_that_is_approved_goes_on_within_a_second(
    platform: Platform, client: Client, operator: Client, people: People, capture: str, ends: str
) -> None:
    payment = held_payment(platform, client, people, capture)
    assert balance_of(client, payment.from_wallet) == (10_000, AMOUNT, 10_000 - AMOUNT)
    review = review_of(operator, payment)
    assert (review.amount, review.currency, review.from_wallet) == (AMOUNT, "EUR", payment.from_wallet)
    assert [reason.code for reason in review.reasons] == ["score_at_threshold"]

    decided = operator.reviews.decide(review.id, outcome="approve", reason="Known to us", label="legitimate")

    assert becomes(client, payment, ends) < SOON_SECONDS
    assert (decided.status, operator.reviews.get(review.id).label) == ("approved", "legitimate")
    left = 10_000 - AMOUNT
    expected = (left, 0, left) if ends == "captured" else (10_000, AMOUNT, left)
    assert balance_of(client, payment.from_wallet) == expected
    with pytest.raises(Conflict):
        operator.reviews.decide(review.id, outcome="decline", reason="On second thoughts")


def test_a_payment_that_is_declined_ends_within_a_second_and_its_money_is_free_again(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payment = held_payment(platform, client, people)
    review = review_of(operator, payment)

    operator.reviews.decide(review.id, outcome="decline", reason="The customer knows nothing of it", label="fraud")

    assert becomes(client, payment, "declined") < SOON_SECONDS
    assert balance_of(client, payment.from_wallet) == (10_000, 0, 10_000)
    assert balance_of(client, payment.to_wallet) == (0, 0, 0)


def test_a_payment_that_is_voided_leaves_the_queue(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payment = held_payment(platform, client, people)
    review = review_of(operator, payment)

    client.payments.void(payment.id)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while operator.reviews.get(review.id).status != "closed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(Conflict):
        operator.reviews.decide(review.id, outcome="approve", reason="Too late")


@pytest.mark.parametrize(("outcome", "ends", "left"), [("approve", "settled", 9_300), ("decline", "declined", 10_000)])
def test_a_withdrawal_waits_in_the_same_queue(
    platform: Platform, client: Client, operator: Client, people: People, outcome: str, ends: str, left: int
) -> None:
    wallet = people.wallet(funds=10_000)
    with switched(platform, "MANUAL_REVIEW_THRESHOLD", "0", service="fraud-service"):
        withdrawal = client.withdrawals.create(wallet_id=wallet.id, amount=700, currency="EUR")
        review = withdrawal_review(operator, withdrawal.id)
    assert client.withdrawals.get(withdrawal.id).status == "in_review"
    assert balance_of(client, wallet.id) == (10_000, 700, 9_300)

    operator.reviews.decide(review.id, outcome=outcome, reason="Looked at it")

    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := client.withdrawals.get(withdrawal.id)).status != ends:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert balance_of(client, wallet.id) == (left, 0, left)


def withdrawal_review(operator: Client, withdrawal_id: str) -> Review:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = [row for row in operator.reviews.list(status="open").data if row.withdrawal_id == withdrawal_id]
        if found:
            return found[0]
        assert time.monotonic() < deadline, "the withdrawal never came into the queue"
        time.sleep(0.05)


def test_the_queue_is_for_operators(client: Client) -> None:
    with pytest.raises(Forbidden):
        client.reviews.list()


def test_what_operators_find_out_shows_as_the_rate_of_false_positives(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payment = held_payment(platform, client, people)
    operator.reviews.decide(review_of(operator, payment).id, outcome="approve", reason="Known to us")
    fraud = RawClient(platform.credentials.services["fraud-service"], platform.credentials.operator_key)

    def measured(metric: str) -> float:
        answer = fraud.get(f"/actuator/metrics/{metric}")
        return float(answer.document()["measurements"][0]["value"]) if answer.status == 200 else 0.0

    deadline = time.monotonic() + DEADLINE_SECONDS
    while (flagged := measured("fraud.flagged.legitimate")) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    total = flagged + measured("fraud.presumed.legitimate")
    assert measured("fraud.false.positive.rate") == pytest.approx(flagged / total, abs=0.05)
