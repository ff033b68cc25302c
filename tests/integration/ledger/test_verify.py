"""``waqiti ledger verify`` is a check that can fail: whatever is altered behind the service's back is found."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_chains import linked
from tests.integration.ledger.test_journal import adjusted
from tests.support.databases import FreshDatabase
from tests.support.house import House
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import FEES, capture, expire, hold, outcomes, refund, void
from waqiti.cli.ledger import verify as command
from waqiti.contracts.catalog import LEDGER, PAYMENT, WALLET
from waqiti.operations.state.layout import Layout
from waqiti.services.ledger.store.proofs import PROOFS
from waqiti.services.ledger.usecases.verify import verify

# What statements name: a post of 77 between wallets, an open hold, one that was captured.
NAMED = {
    ":paid": "(SELECT id FROM ledger.transfers WHERE amount = 77)",
    ":payer": "(SELECT debit FROM ledger.transfers WHERE amount = 77)",
    ":payee": "(SELECT credit FROM ledger.transfers WHERE amount = 77)",
    ":open_hold": "(SELECT id FROM ledger.holds WHERE resolved_by IS NULL LIMIT 1)",
    ":captured": "(SELECT target FROM ledger.transfers WHERE outcome = 'captured')",
    ":fees": f"'{FEES}'",
}

TAMPERED = {
    "an entry's balance": (
        """
        UPDATE ledger.entries SET posted = posted + 1
        WHERE transfer_id = :paid AND posted_change > 0
        """,
        "entries_follow_each_other",
    ),
    "an entry's amount": (
        "UPDATE ledger.entries SET posted_change = posted_change + 1 WHERE transfer_id = :paid",
        "transfers_have_their_two_entries",
    ),
    "both sides of a transfer's entries": (
        "UPDATE ledger.entries SET posted_change = 2 * posted_change WHERE transfer_id = :paid",
        "transfers_have_their_two_entries",
    ),
    "what an entry says is held": (
        "UPDATE ledger.entries SET pending_debits = pending_debits + 1 WHERE transfer_id = :paid",
        "entries_follow_each_other",
    ),
    "when an entry was recorded": (
        """
        UPDATE ledger.entries SET recorded_at = recorded_at - interval '1 hour'
        WHERE transfer_id = :paid
        """,
        "transfers_have_their_two_entries",
    ),
    "when an entry counts from": (
        "UPDATE ledger.entries SET effective_at = '2024-01-01' WHERE transfer_id = :paid",
        "transfers_have_their_two_entries",
    ),
    "the currency of an entry": (
        "UPDATE ledger.entries SET currency = 'USD' WHERE transfer_id = :paid",
        "transfers_have_their_two_entries",
    ),
    "whose entry it is": (
        """
        UPDATE ledger.entries SET account_id = gen_random_uuid()
        WHERE transfer_id = :paid AND posted_change > 0
        """,
        "entries_belong_to_transfers",
    ),
    "a version": (
        "UPDATE ledger.entries SET version = version + 100 WHERE transfer_id = :paid",
        "entries_follow_each_other",
    ),
    "one entry, gone": (
        "DELETE FROM ledger.entries WHERE transfer_id = :paid AND posted_change > 0",
        "transfers_have_their_two_entries",
    ),
    "both entries, gone": (
        "DELETE FROM ledger.entries WHERE transfer_id = :paid",
        "transfers_have_their_two_entries",
    ),
    "a transfer, gone": (
        "DELETE FROM ledger.transfers WHERE amount = 77",
        "entries_belong_to_transfers",
    ),
    "a transfer with its entries, gone": (
        """
        WITH gone AS (DELETE
        FROM ledger.entries
        WHERE transfer_id = :paid)
        DELETE
        FROM ledger.transfers
        WHERE amount = 77
        """,
        "accounts_are_the_sum_of_their_entries",
    ),
    "a transfer that was refused and now was not": (
        """
        UPDATE ledger.transfers SET outcome = 'posted', code = NULL
        WHERE code = 'insufficient_funds'
        """,
        "transfers_have_their_two_entries",
    ),
    "a transfer that was posted and now was refused": (
        "UPDATE ledger.transfers SET outcome = 'refused', code = 'given_up' WHERE amount = 77",
        "entries_belong_to_transfers",
    ),
    "a transfer's amount": (
        "UPDATE ledger.transfers SET amount = 78 WHERE amount = 77",
        "transfers_have_their_two_entries",
    ),
    "a transfer's payee": (
        "UPDATE ledger.transfers SET credit = :fees WHERE amount = 77",
        "transfers_have_their_two_entries",
    ),
    "an entry too many": (
        """
        INSERT INTO ledger.entries SELECT (jsonb_populate_record(e, jsonb_build_object('version', e.version + 100))).*
        FROM ledger.entries e
        WHERE transfer_id = :paid
        """,
        "transfers_have_no_third_entry",
    ),
    "an account's balance": (
        "UPDATE ledger.accounts SET posted_credits = posted_credits + 1 WHERE id = :payee",
        "accounts_stand_as_their_last_entry",
    ),
    "a currency's sum": (
        "UPDATE ledger.accounts SET posted_credits = posted_credits + 1 WHERE id = :payee",
        "currencies_sum_to_zero",
    ),
    "both sides of an account": (
        """
        UPDATE ledger.accounts SET posted_credits = posted_credits + 5, posted_debits = posted_debits + 5
        WHERE id = :payee
        """,
        "accounts_are_the_sum_of_their_entries",
    ),
    "money between two accounts": (
        """
        UPDATE ledger.accounts SET posted_debits = posted_debits + CASE id WHEN :payer THEN 5 ELSE 0 END,
        posted_credits = posted_credits + CASE id WHEN :payee THEN 5 ELSE 0 END
        WHERE id IN (:payer, :payee)
        """,
        "accounts_stand_as_their_last_entry",
    ),
    "what is held": (
        "UPDATE ledger.accounts SET pending_debits = pending_debits + 1 WHERE id = :payer",
        "held_money_is_that_of_open_holds",
    ),
    "an account's version": (
        "UPDATE ledger.accounts SET version = version - 1 WHERE id = :payer",
        "accounts_are_the_sum_of_their_entries",
    ),
    "an account's currency": (
        "UPDATE ledger.accounts SET currency = 'USD' WHERE id IN (:payer, :payee)",
        "accounts_are_the_sum_of_their_entries",
    ),
    "an account, gone": (
        "DELETE FROM ledger.accounts WHERE id = :payee",
        "accounts_are_the_sum_of_their_entries",
    ),
    "more spent than there was": (
        """
        ALTER TABLE ledger.accounts DROP CONSTRAINT available_at_least_minimum;
        UPDATE ledger.accounts SET minimum = 10000
        WHERE id = :payer
        """,
        "available_is_at_least_minimum",
    ),
    "a hold, gone": (
        "DELETE FROM ledger.holds WHERE id = :open_hold",
        "holds_are_those_of_transfers",
    ),
    "a hold's amount": (
        "UPDATE ledger.holds SET amount = amount + 1 WHERE id = :open_hold",
        "held_money_is_that_of_open_holds",
    ),
    "when a hold ends": (
        "UPDATE ledger.holds SET expires_at = '2199-01-01' WHERE id = :open_hold",
        "holds_are_those_of_transfers",
    ),
    "a hold that is open again": (
        "UPDATE ledger.holds SET resolved_by = NULL WHERE id = :captured",
        "holds_are_resolved_once",
    ),
    "a hold that nobody resolved": (
        "UPDATE ledger.holds SET resolved_by = gen_random_uuid() WHERE id = :open_hold",
        "holds_are_resolved_once",
    ),
    "a capture of more than was held": (
        "UPDATE ledger.holds SET amount = 1 WHERE id = :captured",
        "holds_are_resolved_once",
    ),
    "what was given back": (
        "UPDATE ledger.refund_totals SET refunded = refunded + 1",
        "refunds_stay_within_their_original",
    ),
    "that something was given back": (
        "DELETE FROM ledger.refund_totals",
        "refunds_stay_within_their_original",
    ),
    "of what it was given back": (
        """
        UPDATE ledger.transfers SET target = gen_random_uuid()
        WHERE purpose = 'refund' AND outcome = 'posted'
        """,
        "refunds_stay_within_their_original",
    ),
    "when a period was closed": (
        "UPDATE ledger.closes SET closed_at = '2025-01-01'",
        "nothing_is_added_to_a_closed_period",
    ),
    "who approved an adjustment": (
        """
        ALTER TABLE ledger.journal DROP CONSTRAINT approved_by_another;
        UPDATE ledger.journal SET decided_by = proposed_by
        """,
        "adjustments_are_approved_journal_entries",
    ),
    "that an adjustment was approved": (
        "DELETE FROM ledger.journal",
        "adjustments_are_approved_journal_entries",
    ),
    "an adjustment that was a payment": (
        "UPDATE ledger.transfers SET purpose = 'payment' WHERE purpose = 'adjustment'",
        "adjustments_are_approved_journal_entries",
    ),
}


async def kept(open_ledger: OpenLedger) -> None:
    """Keep books with every kind of outcome; they are proved when the ledger closes."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet(500)
        holds = [hold(payer, payee, 40, expires_at=FAR_AHEAD) for _ in range(4)]
        paid = transfer(payer, payee, 77)
        results = await ledger.post(
            *holds,
            paid,
            capture(holds[0], 30),
            void(holds[1]),
            expire(holds[2]),
            refund(paid, 20),
            *linked(transfer(payer, payee, 9), transfer(payee, FEES, 1, purpose="fee")),
            transfer(payer, payee, 100_000),
            transfer(payee, payer, 3, effective_at=FAR_AHEAD.replace(year=2024)),
        )
        assert outcomes(results).count("insufficient_funds") == 1
        assert await ledger.money(payer, payee) == [
            (1_000 - 77 - 30 + 20 - 9 + 3, 40),
            (500 + 77 + 30 - 20 + 9 - 1 - 3, 0),
        ]
        await adjusted(ledger, payer, payee)
        await ledger.rows("SELECT id FROM ledger.close_period(gen_random_uuid(), '2025-01-31', 'key_test', 'A test')")


async def tamper(house: House, statement: str) -> None:
    """Alter the database as its superuser, with all triggers off."""
    for name, query in NAMED.items():
        statement = statement.replace(name, query)
    connection = await asyncpg.connect(house.databases[LEDGER].admin_url)
    try:
        await connection.execute(f"SET session_replication_role = replica; {statement}")
    finally:
        await connection.close()


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_was_altered_is_found(open_ledger: OpenLedger, house: House, what: str) -> None:
    statement, check = TAMPERED[what]
    await kept(open_ledger)

    await tamper(house, statement)
    verdict = await verify(house.databases[LEDGER].url)

    assert not verdict.balanced
    assert check in {problem.check for problem in verdict.problems}
    assert all(problem.subject and problem.detail for problem in verdict.problems)


@pytest.mark.parametrize("what", ["an entry's balance", "one entry, gone", "an account's balance", "what is held"])
async def test_what_was_altered_in_the_last_minutes_is_found_quickly(
    open_ledger: OpenLedger, house: House, what: str
) -> None:
    await kept(open_ledger)
    assert (await verify(house.databases[LEDGER].url, quick=True)).balanced

    await tamper(house, TAMPERED[what][0])

    assert not (await verify(house.databases[LEDGER].url, quick=True)).balanced


async def test_books_are_in_order_at_every_moment_of_a_running_stream(open_ledger: OpenLedger, house: House) -> None:
    async with open_ledger(replicas=2) as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet(100)
        holds = [hold(payer, payee, 2, expires_at=FAR_AHEAD) for _ in range(100)]
        posts = [transfer(payer, payee, 2) for _ in range(100)]
        streams = [
            holds,
            posts,
            [capture(one, 1) for one in holds],
            [refund(one, 1) for one in posts],
            [void(one) for one in holds],
        ]
        asked = [item for items in zip(*streams, strict=True) for item in items]
        sending = asyncio.create_task(ledger.each_alone(asked))
        quick = False
        while not sending.done():
            verdict = await verify(house.databases[LEDGER].url, quick=quick)
            assert verdict.balanced, verdict.problems
            quick = not quick
        assert [result.id for result in sending.result()] == [item.id for item in asked]
        (spent, _), (received, _) = await ledger.money(payer, payee)
        assert spent + received == 1_100


async def test_what_is_long_past_disturbs_no_quick_look(open_ledger: OpenLedger, house: House) -> None:
    await kept(open_ledger)
    for table, column in (("accounts", "last_at"), ("transfers", "recorded_at"), ("entries", "recorded_at")):
        await tamper(house, f"UPDATE ledger.{table} SET {column} = {column} - interval '1 hour'")  # noqa: S608
    async with open_ledger() as ledger:
        ((payer, payee),) = await ledger.rows("SELECT debit, credit FROM ledger.transfers WHERE amount = 77")
        await ledger.post(transfer(payer, payee, 5), hold(payer, payee, 6))

        for quick in (True, False):
            verdict = await verify(house.databases[LEDGER].url, quick=quick)
            assert verdict.balanced, verdict.problems


def test_every_rule_is_broken_by_one_of_these_tests() -> None:
    assert {check for _, check in TAMPERED.values()} == {proof.name for proof in PROOFS}


async def test_the_command_says_by_its_exit_code_whether_the_books_balance(
    open_ledger: OpenLedger,
    house: House,
    fresh_database: Callable[[str], FreshDatabase],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing was asked of payments and wallets: their databases are there, and empty."""
    await kept(open_ledger)
    capsys.readouterr()  # what the service has logged
    urls = {LEDGER: house.databases[LEDGER].url} | {name: fresh_database(name).url for name in (PAYMENT, WALLET)}
    monkeypatch.setenv("WAQITI_STATE", str(tmp_path))
    nothing = dict.fromkeys(("base_url", "operations_url", "api_key", "operator_key", "approver_key"), "")
    Layout.of(None).credentials.write_text(json.dumps({**nothing, "services": {}, "databases": urls}))

    balanced = await asyncio.to_thread(command, json=True)
    said = json.loads(capsys.readouterr().out)
    await tamper(house, TAMPERED["an entry's balance"][0])
    altered = await asyncio.to_thread(command, json=True)
    said_then = json.loads(capsys.readouterr().out)
    shown = await asyncio.to_thread(command)

    assert (balanced, said["balanced"], said["problems"]) == (0, True, [])
    assert (altered, said_then["balanced"]) == (1, False)
    assert {problem["check"] for problem in said_then["problems"]} >= {"entries_follow_each_other"}
    assert shown == 1
    assert "do not balance" in capsys.readouterr().out
