"""Customers whose names are like one on a list, and the operator who says whether they are meant."""

import json
import time

import pytest

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.switching import switched
from waqiti.client import Case, Client, Conflict, Forbidden, pages

PERHAPS = "Zoblat Quenvik"
FROZEN_WITHIN_SECONDS = 15


def case_of(operator: Client, customer: str) -> Case:
    """Return the open case of a customer."""
    return next(case for case in pages(operator.cases.list, status="open") if case.customer_id == customer)


def test_somebody_in_review_pays_once_their_case_is_approved(client: Client, operator: Client, people: People) -> None:
    customer = client.customers.create(name=PERHAPS, country="DE")
    payer, payee = people.wallet(customer=customer.id), people.wallet()
    refused = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=40, currency="EUR")
    assert customer.status == "in_review"
    assert refused.status == "failed"
    assert refused.failure is not None
    assert refused.failure.code == "customer_not_active"

    case = case_of(operator, customer.id)
    assert (case.outcome, [match.reference for match in case.matches]) == ("possible", ["INV-001"])
    decided = operator.cases.decide(case.id, outcome="approve", reason="Another date of birth")

    assert decided == operator.cases.get(case.id)
    assert client.customers.get(customer.id).status == "active"
    people.deposit(payer.id, 100)
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=40, currency="EUR")
    assert payment.status == "captured"
    assert (people.available(payer), people.available(payee)) == (60, 40)
    with pytest.raises(Conflict):
        operator.cases.decide(case.id, outcome="decline", reason="Too late")


def test_somebody_whose_case_is_declined_is_blocked_and_frozen(
    client: Client, operator: Client, people: People, platform: Platform
) -> None:
    customer = client.customers.create(name=PERHAPS, country="DE")
    payer, payee = people.wallet(customer=customer.id), people.wallet(funds=50)
    case = case_of(operator, customer.id)

    listed = platform.command("compliance", "cases", "list", "--json")
    declined = platform.command("compliance", "cases", "decline", case.id, "--reason", "The same passport", "--json")
    again = platform.command("compliance", "cases", "approve", case.id, "--reason", "On second thoughts")

    assert case.id in {one["id"] for one in listed.document()["cases"]}
    assert (declined.exit_code, json.loads(declined.stdout)["status"], again.exit_code) == (0, "declined", 3)
    assert client.customers.get(customer.id).status == "blocked"
    deadline = time.monotonic() + FROZEN_WITHIN_SECONDS
    while client.wallets.get(payer.id).status != "frozen":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    payment = client.payments.create(from_wallet=payee.id, to_wallet=payer.id, amount=10, currency="EUR")
    assert payment.status == "declined"
    assert payment.failure is not None
    assert payment.failure.code == "sanctions_hit"
    assert (people.available(payer), people.available(payee)) == (0, 50)


def test_a_mode_refuses_a_decision_and_an_unknown_case_is_not_found(
    client: Client, operator: Client, platform: Platform
) -> None:
    case = case_of(operator, client.customers.create(name=PERHAPS, country="DE").id)
    decide = ("compliance", "cases", "approve")
    with switched(platform, "READ_ONLY_MODE", "on", service="compliance-service"):
        refused = platform.command(*decide, case.id, "--reason", "Another date of birth")
    unknown = platform.command(*decide, "case_01jd2v6h3m8q0r4t5w7x9yabcd", "--reason", "Another date of birth")

    assert (refused.exit_code, "waqiti switch list" in refused.stderr) == (3, True)
    assert (unknown.exit_code, "404 not_found" in unknown.stderr) == (1, True)


def test_cases_are_none_of_an_ordinary_users_business(client: Client, operator: Client) -> None:
    customer = client.customers.create(name=PERHAPS, country="DE")
    case = case_of(operator, customer.id)
    for call in (
        client.cases.list,
        lambda: client.cases.get(case.id),
        lambda: client.cases.decide(case.id, outcome="approve", reason="I am not"),
    ):
        with pytest.raises(Forbidden):
            call()
