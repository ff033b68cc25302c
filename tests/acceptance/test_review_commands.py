"""Reviews on the command line: listed, decided one by one, and all at once where a threshold was mistaken."""

import time
from typing import Final

from tests.support.held import DEADLINE_SECONDS, held_payment, review_of
from tests.support.people import People
from tests.support.platform import Platform
from tests.support.switching import switched
from waqiti.client import Client, Payment

WHY: Final = ("--reason", "The threshold was mistaken", "--json")


def becomes(client: Client, payment: Payment, status: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := client.payments.get(payment.id)).status != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_reviews_are_listed_and_decided_by_their_ids(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payments = [held_payment(platform, client, people) for _ in range(2)]
    ids = [review_of(operator, payment).id for payment in payments]

    listed = platform.command("reviews", "list", "--kind", "fraud", "--json").document()["reviews"]
    shown = platform.command("reviews", "list").stdout
    approved = platform.command("reviews", "approve", *ids, "--label", "legitimate", *WHY)
    again = platform.command("reviews", "decline", ids[0], "rev_01jd2v6h3m8q0r4t5w7x9yabcd", *WHY)

    assert set(ids) <= {one["id"] for one in listed}
    assert all(one in shown for one in ids)
    assert max(map(len, shown.splitlines())) <= 80
    assert (approved.exit_code, set(approved.document()["decided"])) == (0, set(ids))
    for payment in payments:
        becomes(client, payment, "captured")
    assert operator.reviews.get(ids[0]).label == "legitimate"
    assert (again.exit_code, again.document()["decided"], len(again.document()["failed"])) == (1, [], 2)


def test_all_that_are_open_are_decided_at_once_where_somebody_means_it(
    platform: Platform, client: Client, operator: Client, people: People
) -> None:
    payments = [held_payment(platform, client, people) for _ in range(3)]
    ids = {review_of(operator, payment).id for payment in payments}

    unasked = platform.command("reviews", "decline", "--all-open", "--kind", "fraud", *WHY)
    with switched(platform, "READ_ONLY_MODE", "on", service="fraud-service"):
        began = time.monotonic()
        refused = platform.command("reviews", "decline", "--all-open", "--kind", "fraud", "--yes", *WHY)
        assert time.monotonic() - began < DEADLINE_SECONDS
    declined = platform.command("reviews", "decline", "--all-open", "--kind", "fraud", "--yes", *WHY)

    assert (unasked.exit_code, "--yes says that it is meant" in unasked.stderr) == (2, True)
    assert (refused.exit_code, "waqiti switch list" in refused.stderr) == (3, True), refused
    assert declined.exit_code == 0, declined
    assert ids <= set(declined.document()["decided"])
    for payment in payments:
        becomes(client, payment, "declined")


def test_it_is_one_or_the_other(platform: Platform) -> None:
    for arguments in (["approve"], ["decline", "rev_x", "--all-open"], ["approve", "rev_x", "--kind", "fraud"]):
        assert platform.command("reviews", *arguments, *WHY).exit_code == 2
    assert platform.command("reviews", "approve", "rev_x", "--reason", " ").exit_code == 2
