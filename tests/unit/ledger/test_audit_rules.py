"""What an auditor relies on, as rules: days, names of accounts, sums, who may decide, what is covered."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.contracts.ledger import AccountKind, Transfer, TransferKind, TransferResult, system_account_id
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import encode, new_id
from waqiti.services.ledger.domain.books import Hold, LedgerAccount
from waqiti.services.ledger.domain.closing import check_ended
from waqiti.services.ledger.domain.days import ends, read_day, read_instant, starts
from waqiti.services.ledger.domain.engine import evaluate
from waqiti.services.ledger.domain.journal import JournalRow, adjustment, check_decision, reversal, ruled
from waqiti.services.ledger.domain.naming import OWN, account_name, account_named
from waqiti.services.ledger.domain.safeguarding import Position, covered
from waqiti.services.ledger.domain.trial_balance import KindRow, by_currency
from waqiti.services.ledger.domain.working import Known

NOW = datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
PAYER, PAYEE = UUID(int=1 << 80 | 1), UUID(int=1 << 80 | 2)
ENTRY = JournalRow(
    id=new_id(),
    debit=PAYER,
    credit=system_account_id("fees", "EUR"),
    debit_kind="wallet",
    credit_kind="fees",
    amount=40,
    currency="EUR",
    effective_at=NOW - timedelta(days=1),
    reverses=None,
    status="proposed",
    code=None,
    proposed_by="key_a",
    proposed_at=NOW,
    reason="Booked to the wrong side",
    decided_at=None,
    decided_by=None,
    decision_reason=None,
)
_AMOUNTS = st.integers(0, 10**12)


def refusal(call: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        call(*arguments)
    return refused.value.status, refused.value.code


def test_a_day_is_from_midnight_to_midnight_in_utc() -> None:
    assert (starts(date(2026, 2, 28)), ends(date(2026, 2, 28))) == (
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert read_day("2026-03-01", "?date", NOW) == NOW.date()
    assert read_instant("2026-03-01", "?as_of", NOW) == starts(NOW.date())
    assert read_instant("2026-03-01T01:00:01+01:00", "?as_of", NOW) == NOW


@pytest.mark.parametrize("text", ["", "2026-03-02", "1969-12-31", "2026-02-30", "20260301", "2026-3-1", "2026-03-01Z"])
def test_what_is_no_day_that_has_begun_is_refused(text: str) -> None:
    assert refusal(read_day, text, "?date", NOW) == (422, "invalid_request")


@pytest.mark.parametrize("text", ["", "now", "2026-03-01T00:00:02Z", "2026-03-01T00:00:01", "1969-12-31T23:59:59Z"])
def test_what_is_no_time_that_has_come_is_refused(text: str) -> None:
    assert refusal(read_instant, text, "?as_of", NOW) == (422, "invalid_request")


def test_a_period_is_closed_once_its_last_day_has_ended() -> None:
    check_ended(date(2026, 2, 28), NOW)
    for through in (NOW.date(), date(2026, 3, 2), date(1969, 12, 31), date.min, date.max):
        assert refusal(check_ended, through, NOW) == (422, "invalid_request")


@pytest.mark.parametrize("kind", OWN)
def test_an_account_of_the_platforms_own_is_called_by_its_kind(kind: AccountKind) -> None:
    assert account_name(system_account_id(kind, "EUR"), kind, "EUR") == kind
    assert account_named(kind, "EUR") == system_account_id(kind, "EUR")
    another = new_id()
    assert account_named(account_name(another, kind, "EUR"), "EUR") == another


def test_a_wallet_is_called_by_its_id_and_nothing_else_means_anything() -> None:
    wallet = new_id()
    assert account_name(wallet, "wallet", "EUR") == encode("wal", wallet)
    assert account_named(encode("wal", wallet), "EUR") == wallet
    for name in ("wallet", "", "Fees", encode("pay", wallet), "x" * 36, str(wallet)[:-1]):
        assert refusal(account_named, name, "EUR") == (404, "not_found")


def test_a_currency_is_balanced_where_it_sums_to_zero_before_within_and_after_a_day() -> None:
    wallets = KindRow(currency="EUR", kind="wallet", accounts=2, opening=100, debits=30, credits=50)
    rail = KindRow(currency="EUR", kind="rail", accounts=1, opening=-100, debits=50, credits=30)
    yen = KindRow(currency="JPY", kind="fees", accounts=1, opening=0, debits=0, credits=5)

    euros, others = by_currency([rail, wallets, yen])

    assert (euros.balanced, euros.opening, euros.debits, euros.credits, euros.closing) == (True, 0, 80, 80, 0)
    assert [(kind.kind, kind.closing) for kind in euros.kinds] == [("rail", -120), ("wallet", 120)]
    assert (others.balanced, others.closing) == (False, 5)
    (moved,) = by_currency([msgspec.structs.replace(rail, opening=-99, credits=29), wallets])
    assert (moved.balanced, moved.opening, moved.closing) == (False, 1, 0)


def test_who_proposed_an_entry_does_not_approve_it_and_it_is_decided_once() -> None:
    check_decision(ENTRY, "approve", "key_b")
    check_decision(ENTRY, "decline", "key_a")
    assert refusal(check_decision, ENTRY, "approve", "key_a") == (403, "second_approver_required")
    for status in ("posted", "refused", "declined"):
        decided = msgspec.structs.replace(ENTRY, status=status)
        assert refusal(check_decision, decided, "approve", "key_b") == (409, "conflict")
        assert refusal(check_decision, decided, "decline", "key_b") == (409, "conflict")


def test_an_entry_is_a_transfer_under_its_own_id_and_its_reversal_names_it() -> None:
    transfer = adjustment(ENTRY)
    assert (transfer.id, transfer.kind, transfer.purpose, transfer.target) == (ENTRY.id, "post", "adjustment", None)
    assert (transfer.debit, transfer.credit, transfer.amount) == (ENTRY.debit, ENTRY.credit, 40)
    assert transfer.effective_at == ENTRY.effective_at
    assert refusal(reversal, ENTRY, new_id(), None, "key_a", "x") == (409, "conflict")

    back = reversal(msgspec.structs.replace(ENTRY, status="posted"), new_id(), None, "key_a", "It was right")

    assert (back.debit, back.credit, back.amount, back.currency) == (ENTRY.credit, ENTRY.debit, 40, "EUR")
    assert (back.reverses, back.effective_at) == (ENTRY.id, None)


def test_an_entry_becomes_what_the_ledger_stored() -> None:
    stored = TransferResult(id=ENTRY.id, outcome="posted", amount=40, recorded_at=NOW)
    assert (ruled(stored).status, ruled(stored).code) == ("posted", None)
    refused = msgspec.structs.replace(stored, outcome="refused", code="wallet_frozen")
    assert (ruled(refused).status, ruled(refused).code) == ("refused", "wallet_frozen")


@given(_AMOUNTS, _AMOUNTS, _AMOUNTS, _AMOUNTS, st.integers(-(10**12), 10**12))
def test_customers_are_covered_where_the_platforms_own_money_bears_what_is_overdrawn(
    customers: int, overdrawn: int, suspense: int, fees: int, liquidity: int
) -> None:
    rail = customers - overdrawn + suspense + fees + liquidity
    found = covered(
        Position(
            currency="EUR",
            rail=rail,
            customers=customers,
            overdrawn=overdrawn,
            suspense=suspense,
            fees=fees,
            liquidity=liquidity,
        )
    )
    assert found.difference == 0
    assert found.uncovered == max(0, overdrawn - fees - liquidity)
    assert found.holds == (fees + liquidity >= overdrawn)


def test_a_difference_is_to_the_minor_unit() -> None:
    of = Position(currency="EUR", rail=101, customers=100, overdrawn=0, suspense=0, fees=0, liquidity=0)
    assert (covered(of).holds, covered(of).difference, covered(of).uncovered) == (False, 1, 0)
    of = msgspec.structs.replace(of, rail=99)
    assert (covered(of).holds, covered(of).difference, covered(of).uncovered) == (False, -1, 1)


def _account(id_: UUID, **pending: int) -> LedgerAccount:
    fields: dict[str, Any] = {"pending_debits": 0, "pending_credits": 0} | pending
    return LedgerAccount(
        id=id_,
        kind="wallet",
        currency="EUR",
        minimum=0,
        posted_debits=0,
        posted_credits=100,
        version=1,
        last_at=NOW,
        frozen="none",
        closed=False,
        **fields,
    )


@pytest.mark.parametrize("kind", ["post", "hold", "capture", "void", "expire"])
def test_the_engine_takes_nothing_into_a_closed_period_and_everything_after_it(kind: TransferKind) -> None:
    boundary = starts(NOW.date())
    held = Hold(id=new_id(), debit=PAYER, credit=PAYEE, amount=5, currency="EUR", purpose="payment", expires_at=None)
    known = Known(
        accounts={PAYER: _account(PAYER, pending_debits=5), PAYEE: _account(PAYEE, pending_credits=5)},
        transfers={},
        holds={held.id: held},
        refunded={},
        recorded_at=NOW,
        closed_before=boundary,
    )
    target = held.id if kind in ("capture", "void", "expire") else None

    def outcome(effective_at: datetime | None, closed: Known = known) -> str:
        item = Transfer(
            id=new_id(),
            kind=kind,
            purpose="payment",
            debit=PAYER,
            credit=PAYEE,
            amount=5,
            currency="EUR",
            target=target,
            effective_at=effective_at,
        )
        (result,) = evaluate([item], closed).results
        return result.code or result.outcome

    assert outcome(boundary - INSTANT) == "period_closed"
    taken = {outcome(boundary), outcome(None), outcome(NOW + timedelta(days=1))}
    taken.add(outcome(boundary - INSTANT, msgspec.structs.replace(known, closed_before=None)))
    assert taken == {{"post": "posted", "hold": "held"}.get(kind, f"{kind}d".replace("voidd", "voided"))}
