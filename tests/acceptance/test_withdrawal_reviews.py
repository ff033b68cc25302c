"""Withdrawals that people have to look at: what holds them, and the money that leaves or comes back."""

import time
from typing import Final

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.switching import switched
from waqiti.client import Client, Movement, Review, pages

SOON_SECONDS: Final = 1.0
DEADLINE_SECONDS: Final = 15.0
FUNDS: Final = 1_000
AMOUNT: Final = 300


def in_review(platform: Platform, client: Client, people: People) -> Movement:
    """Ask for a withdrawal that the score sends to review, with a text that may name somebody."""
    wallet = people.wallet(funds=FUNDS)
    with switched(platform, "MANUAL_REVIEW_THRESHOLD", "0", service="fraud-service"):
        asked = client.withdrawals.create(
            wallet_id=wallet.id, amount=AMOUNT, currency="EUR", reference="rent for Zoblat Quenvik"
        )
        while client.withdrawals.get(asked.id).status in {"pending", "screening"}:
            time.sleep(0.05)
    held = client.withdrawals.get(asked.id)
    assert (held.status, balance_of(client, held)) == ("in_review", (FUNDS, AMOUNT, FUNDS - AMOUNT))
    return held


def reviews_of(operator: Client, withdrawal: Movement) -> dict[str, Review]:
    """Wait until the queue shows the withdrawal; return its reviews by kind."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        listed = pages(operator.reviews.list, status="open")
        found: dict[str, Review] = {review.kind: review for review in listed if review.withdrawal_id == withdrawal.id}
        if found:
            return found
        assert time.monotonic() < deadline, "the withdrawal never came into the queue"
        time.sleep(0.05)


def becomes(client: Client, withdrawal: Movement, status: str) -> float:
    """Wait until the withdrawal is in ``status``; return how long that took, in seconds."""
    began = time.monotonic()
    while (found := client.withdrawals.get(withdrawal.id)).status != status:
        assert time.monotonic() < began + DEADLINE_SECONDS, found
        time.sleep(0.02)
    return time.monotonic() - began


def balance_of(client: Client, withdrawal: Movement) -> tuple[int, int, int]:
    balance = client.wallets.get(withdrawal.wallet_id).balance
    return balance.posted, balance.held, balance.available


def test_a_withdrawal_is_paid_out_once_fraud_and_compliance_have_approved_it(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    held = in_review(platform, client, people)
    reviews = reviews_of(operator, held)
    assert set(reviews) == {"fraud", "compliance"}

    operator.reviews.decide(reviews["fraud"].id, outcome="approve", reason="They pay their rent")
    assert client.withdrawals.get(held.id).status == "in_review"
    operator.reviews.decide(reviews["compliance"].id, outcome="approve", reason="A landlord of another name")

    assert becomes(client, held, "settled") < SOON_SECONDS
    assert balance_of(client, held) == (FUNDS - AMOUNT, 0, FUNDS - AMOUNT)


def test_a_withdrawal_that_one_of_them_declines_gives_its_money_back(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    held = in_review(platform, client, people)
    reviews = reviews_of(operator, held)

    operator.reviews.decide(reviews["compliance"].id, outcome="decline", reason="It is he")

    assert becomes(client, held, "declined") < SOON_SECONDS
    failure = client.withdrawals.get(held.id).failure
    assert failure is not None
    assert failure.code == "sanctions_hit"
    assert balance_of(client, held) == (FUNDS, 0, FUNDS)
    assert operator.reviews.get(reviews["fraud"].id).status == "closed"
