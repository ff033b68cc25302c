"""Payments that a person has to look at, from the switch that holds them to the money that moves or comes back."""

import time
from typing import Final

import pytest

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.raw import RawClient
from tests.support.switching import switched
from waqiti.client import Client, Conflict, Forbidden, Payment, Review, pages

SOON_SECONDS: Final = 1.0
DEADLINE_SECONDS: Final = 15.0
AMOUNT: Final = 1_250


def in_review(platform: Platform, client: Client, people: People, capture: str = "automatic") -> Payment:
    """Make a payment that the score sends to review."""
    payer, payee = people.wallet(funds=10_000), people.wallet()
    with switched(platform, "MANUAL_REVIEW_THRESHOLD", "0", service="fraud-service"):
        payment = client.payments.create(
            from_wallet=payer.id, to_wallet=payee.id, amount=AMOUNT, currency="EUR", capture=capture
        )
        payment = people.settled(payment)
    assert payment.status == "in_review", payment
    return payment


def review_of(operator: Client, payment: Payment) -> Review:
    """Wait until the queue shows the payment."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        for review in pages(operator.reviews.list, status="open", kind="fraud"):
            if review.payment_id == payment.id:
                return review
        assert time.monotonic() < deadline, "the payment never came into the queue"
        time.sleep(0.05)


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
    payment = in_review(platform, client, people, capture)
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
    payment = in_review(platform, client, people)
    review = review_of(operator, payment)

    operator.reviews.decide(review.id, outcome="decline", reason="The customer knows nothing of it", label="fraud")

    assert becomes(client, payment, "declined") < SOON_SECONDS
    assert balance_of(client, payment.from_wallet) == (10_000, 0, 10_000)
    assert balance_of(client, payment.to_wallet) == (0, 0, 0)


def test_a_payment_that_is_voided_leaves_the_queue(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payment = in_review(platform, client, people)
    review = review_of(operator, payment)

    client.payments.void(payment.id)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while operator.reviews.get(review.id).status != "closed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(Conflict):
        operator.reviews.decide(review.id, outcome="approve", reason="Too late")


def test_the_queue_is_for_operators(client: Client) -> None:
    with pytest.raises(Forbidden):
        client.reviews.list()


def test_what_operators_find_out_shows_as_the_rate_of_false_positives(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payment = in_review(platform, client, people)
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
