"""What an auditor asks, by the commands, while the platform runs."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.switching import switched
from waqiti.client import Client, Forbidden, NotFound
from waqiti.foundation.clock import utc_now


def ledger(platform: Platform, *arguments: str, expecting: int = 0) -> Any:
    """Run ``waqiti ledger`` and return its document."""
    done = platform.command("ledger", *arguments, "--json")
    assert done.exit_code == expecting, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def test_a_manual_entry_takes_two_operators_and_is_taken_back(platform: Platform, people: People) -> None:
    wallet = people.wallet(funds=1_000)
    sides = ("--debit", wallet.id, "--credit", "suspense", "--amount", "250", "--currency", "EUR")
    proposed = ledger(platform, "journal", "propose", *sides, "--reason", "Paid in twice")
    assert people.available(wallet) == 1_000

    listed = ledger(platform, "journal", "list", "--status", "proposed")
    posted = ledger(platform, "journal", "approve", proposed["id"], "--reason", "Seen the statement")
    again = platform.command("ledger", "journal", "approve", proposed["id"], "--reason", "Once more")

    assert proposed["id"] in {entry["id"] for entry in listed["entries"]}
    assert (posted["status"], posted["decided_by"] != posted["proposed_by"], again.exit_code) == ("posted", True, 3)
    assert people.available(wallet) == 750
    back = ledger(platform, "journal", "reverse", proposed["id"], "--reason", "It was right after all")
    assert back["reverses"] == proposed["id"]
    assert ledger(platform, "journal", "approve", back["id"], "--reason", "Seen it too")["status"] == "posted"
    assert people.available(wallet) == 1_000
    poor = people.wallet(funds=1)
    sides = ("--debit", poor.id, "--credit", "suspense", "--amount", "250", "--currency", "EUR")
    refused = ledger(platform, "journal", "propose", *sides, "--reason", "Too much")
    decided = ledger(platform, "journal", "approve", refused["id"], "--reason", "Looks right", expecting=1)
    assert (decided["status"], decided["failure"]["code"]) == ("refused", "insufficient_funds")
    declined = ledger(platform, "journal", "propose", *sides, "--reason", "Not this either")
    assert ledger(platform, "journal", "decline", declined["id"], "--reason", "No")["status"] == "declined"


def test_the_trial_balance_of_today_sums_to_zero_down_to_every_account(platform: Platform, people: People) -> None:
    wallet = people.wallet(funds=777)
    today = utc_now().date().isoformat()

    document = ledger(platform, "trial-balance", "--date", today, "--currency", "EUR")
    written = platform.command("ledger", "trial-balance", "--date", today, "--csv")
    shown = platform.command("ledger", "trial-balance", "--date", today, "--accounts")

    assert (document["balanced"], document["closed"], document["provisional"]) == (True, False, True)
    assert sum(one["closing"] for one in document["accounts"]) == 0
    (own,) = [one for one in document["accounts"] if one["account"] == wallet.id]
    assert (own["opening"], own["credits"], own["closing"]) == (0, 777, 777)
    rows = list(csv.DictReader(io.StringIO(written.stdout)))
    assert (written.exit_code, [row["closing"] for row in rows if row["account"] == wallet.id]) == (0, ["777"])
    assert (shown.exit_code, wallet.id in shown.stdout) == (0, True)
    assert platform.command("ledger", "trial-balance", "--date", "today").exit_code == 2


def test_a_closed_period_takes_no_entry_and_today_goes_on(platform: Platform, client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    yesterday = (utc_now().date() - timedelta(days=1)).isoformat()
    early = platform.command("ledger", "close", "--through", utc_now().date().isoformat(), "--reason", "Early")

    closed = ledger(platform, "close", "--through", yesterday, "--reason", "Reconciled")
    again = ledger(platform, "close", "--through", yesterday, "--reason", "Once more")

    assert (early.exit_code, closed["through"], again) == (2, yesterday, closed)
    assert closed in ledger(platform, "closes")["closes"]
    assert ledger(platform, "trial-balance", "--date", yesterday)["closed"] is True
    entry = ("--debit", payer.id, "--credit", "fees", "--amount", "1", "--currency", "EUR", "--reason", "Late")
    late = platform.command("ledger", "journal", "propose", *entry, "--effective", yesterday)
    assert (late.exit_code, "period_closed" in late.stderr) == (3, True)
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=40, currency="EUR")
    assert payment.status == "captured"
    assert (people.available(payer), people.available(payee)) == (60, 40)
    assert platform.verify_books()["balanced"] is True


def test_a_mode_refuses_what_changes_the_books_by_hand_and_payments_go_on(
    platform: Platform, client: Client, people: People
) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    entry = ("--debit", payer.id, "--credit", "fees", "--amount", "1", "--currency", "EUR", "--reason", "Not now")
    with switched(platform, "READ_ONLY_MODE", "on", service="ledger-service"):
        refused = platform.command("ledger", "journal", "propose", *entry)
        read = platform.command("ledger", "safeguarding")
        payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=40, currency="EUR")

    assert (refused.exit_code, "waqiti switch list" in refused.stderr) == (3, True)
    assert (read.exit_code, payment.status) == (0, "captured")
    assert (people.available(payer), people.available(payee)) == (60, 40)


def test_customers_are_covered_now_and_were_before_anything_happened(platform: Platform, people: People) -> None:
    people.wallet(funds=100)
    document = ledger(platform, "safeguarding")
    (euros,) = [one for one in document["currencies"] if one["currency"] == "EUR"]
    assert (document["holds"], euros["difference"], euros["uncovered"]) == (True, 0, 0)
    assert euros["rail"] == euros["customers"] + euros["suspense"] + euros["fees"] + euros["liquidity"]
    assert ledger(platform, "safeguarding", "--as-of", "2020-01-01")["currencies"] == []
    assert platform.command("ledger", "safeguarding", "--as-of", "noon").exit_code == 2


def test_the_books_are_none_of_an_ordinary_users_business(client: Client, operator: Client) -> None:
    today = utc_now().date()
    for call in (
        lambda: client.ledger.trial_balance(today),
        client.ledger.closes,
        client.ledger.journal,
        client.ledger.safeguarding,
        lambda: client.ledger.close(through=today, reason="I am not"),
    ):
        with pytest.raises(Forbidden):
            call()
    with pytest.raises(NotFound):
        operator.ledger.journal_entry("jnl_01jd2v6h3m8q0r4t5w7x9yabcd")
