"""Customers, wallets, and money in and out."""

import csv
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.people import People
from tests.support.raw import RawClient
from waqiti.client import Client, Conflict, Forbidden


def test_a_customer_starts_active_and_basic(client: Client) -> None:
    customer = client.customers.create(name="Amal Haddad", country="MA")

    assert (customer.status, customer.tier) == ("active", "basic")
    assert client.customers.get(customer.id) == customer


def test_only_an_operator_gives_a_tier(client: Client, operator: Client, people: People) -> None:
    customer = people.customer()

    with pytest.raises(Forbidden):
        client.customers.verify(customer, tier="standard")

    assert operator.customers.verify(customer, tier="standard").tier == "standard"


def test_a_wallet_opens_empty_and_active(client: Client, people: People) -> None:
    wallet = people.wallet()

    assert wallet.status == "active"
    assert (wallet.balance.posted, wallet.balance.held, wallet.balance.available) == (0, 0, 0)


def test_a_deposit_settles_within_two_seconds(client: Client, people: People) -> None:
    wallet = people.wallet()
    before = time.monotonic()

    people.deposit(wallet.id, 2_500)

    assert time.monotonic() - before < 2
    assert people.available(wallet) == 2_500


def test_a_deposit_above_the_balance_limit_is_refused_and_the_money_waits_in_suspense(
    client: Client, people: People
) -> None:
    wallet = people.wallet()

    deposit = client.deposits.create(wallet_id=wallet.id, amount=20_000_01, currency="EUR")

    assert deposit.status in {"declined", "failed"}
    assert deposit.failure is not None
    assert deposit.failure.code == "limit_exceeded"
    assert "would hold more" in deposit.failure.detail
    assert people.available(wallet) == 0


def test_a_withdrawal_settles_and_the_money_is_gone(client: Client, people: People) -> None:
    wallet = people.wallet(funds=1_000)

    withdrawal = client.withdrawals.create(wallet_id=wallet.id, amount=600, currency="EUR")

    deadline = time.monotonic() + 10
    while withdrawal.status in {"pending", "screening"}:
        assert time.monotonic() < deadline, withdrawal
        time.sleep(0.05)
        withdrawal = client.withdrawals.get(withdrawal.id)
    assert withdrawal.status == "settled"
    assert people.available(wallet) == 400


def test_a_withdrawal_above_the_funds_fails(client: Client, people: People) -> None:
    wallet = people.wallet(funds=100)

    withdrawal = client.withdrawals.create(wallet_id=wallet.id, amount=101, currency="EUR")

    deadline = time.monotonic() + 10
    while withdrawal.status in {"pending", "screening"}:
        assert time.monotonic() < deadline, withdrawal
        time.sleep(0.05)
        withdrawal = client.withdrawals.get(withdrawal.id)
    assert withdrawal.status == "failed"
    assert withdrawal.failure is not None
    assert withdrawal.failure.code == "insufficient_funds"
    assert people.available(wallet) == 100


def test_a_frozen_wallet_pays_nobody_until_it_is_unfrozen(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    assert client.wallets.freeze(payer.id, reason="asked by the customer").status == "frozen"

    refused = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1, currency="EUR")
    received = client.payments.create(
        from_wallet=people.wallet(funds=5).id, to_wallet=payer.id, amount=5, currency="EUR"
    )

    assert refused.status == "failed"
    assert refused.failure is not None
    assert refused.failure.code == "wallet_frozen"
    assert received.status == "captured", "a freeze of debits lets money in"
    assert client.wallets.unfreeze(payer.id, reason="resolved").status == "active"
    after = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1, currency="EUR")
    assert after.status == "captured"


def test_a_wallet_closes_only_when_it_is_empty(client: Client, people: People) -> None:
    wallet = people.wallet(funds=10)
    with pytest.raises(Conflict):
        client.wallets.close(wallet.id, reason="no longer wanted")
    other = people.wallet()
    client.payments.create(from_wallet=wallet.id, to_wallet=other.id, amount=10, currency="EUR")

    assert client.wallets.close(wallet.id, reason="no longer wanted").status == "closed"

    refused = client.payments.create(from_wallet=other.id, to_wallet=wallet.id, amount=10, currency="EUR")
    assert refused.failure is not None
    assert refused.failure.code == "wallet_closed"
    assert people.available(other) == 10


def test_a_blocked_customer_neither_gets_a_wallet_nor_an_http_error(client: Client, raw: RawClient) -> None:
    listed = client.customers.create(name="Zorblat Quenvik", country="DE")

    assert listed.status == "blocked"


@pytest.mark.parametrize(
    ("amounts", "limit"),
    [
        ([5_000_01], "above the payer's limit for one payment"),
        ([4_000_00, 4_000_00, 2_000_01], "pass the payer's limit for the day"),
    ],
)
def test_a_payment_above_a_limit_of_the_tier_is_declined_and_says_which(
    client: Client, people: People, amounts: list[int], limit: str
) -> None:
    payer, payee = people.wallet(funds=15_000_00), people.wallet()

    made = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=amount, currency="EUR")
        for amount in amounts
    ]

    assert [payment.status for payment in made] == ["captured"] * (len(amounts) - 1) + ["declined"]
    refused = made[-1]
    assert refused.failure is not None
    assert refused.failure.code == "limit_exceeded"
    assert limit in refused.failure.detail
    assert refused.decision.compliance is not None
    assert [reason.detail for reason in refused.decision.compliance.reasons] == [refused.failure.detail]
    assert people.available(payer) == 15_000_00 - sum(amounts[:-1])


def test_a_balance_as_of_an_instant_is_what_stood_then(client: Client, people: People) -> None:
    wallet = people.wallet(funds=700)
    then = datetime.now(UTC)
    time.sleep(0.01)  # another instant, not a race: the next deposit is recorded later than `then`
    people.deposit(wallet.id, 300)

    past = client.wallets.balance(wallet.id, as_of=then)

    assert past.posted == 700
    assert people.available(wallet) == 1_000
    assert client.wallets.balance(wallet.id, as_of=then - timedelta(days=1)).posted == 0
    recorded = client.wallets.balance(wallet.id, recorded_as_of=then)
    assert (recorded.posted, recorded.held, recorded.available) == (700, 0, 700)


def test_a_statement_is_read_as_a_document_and_as_csv(client: Client, people: People, raw: RawClient) -> None:
    wallet = people.wallet(funds=700)
    people.deposit(wallet.id, 300)
    today = datetime.now(UTC).date()

    statement = client.wallets.statement(wallet.id, from_=today - timedelta(days=1), to=today)
    rows = list(csv.DictReader(client.wallets.statement_csv(wallet.id).splitlines()))

    assert (statement.opening_balance, statement.closing_balance, statement.currency) == (0, 1_000, "EUR")
    assert [line.amount for line in statement.lines] == [700, 300]
    assert [(row["id"], row["amount"]) for row in rows] == [(line.id, str(line.amount)) for line in statement.lines]
    before = today - timedelta(days=1)
    assert client.wallets.statement(wallet.id, from_=before, to=before).lines == []
    answer = raw.get(f"/v1/wallets/{wallet.id}/statement?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    unknown = raw.get(f"/v1/wallets/{wallet.id}/statement?format=pdf").problem()
    assert unknown["errors"] == [{"pointer": "?format", "detail": "must be one of: csv, json"}]
