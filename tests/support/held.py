"""Payments that wait for a person, made by the switch that holds them."""

import time
from typing import Final

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.switching import switched
from waqiti.client import Client, Payment, Review, pages

DEADLINE_SECONDS: Final = 15.0
AMOUNT: Final = 1_250


def held_payment(platform: Platform, client: Client, people: People, capture: str = "automatic") -> Payment:
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
