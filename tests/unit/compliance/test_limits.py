"""Limits, windows, and what a batch takes from them."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.support.scoring import NOON, screened
from waqiti.contracts.compliance import CustomerFacts
from waqiti.contracts.payment import Status
from waqiti.foundation.ids import new_id
from waqiti.services.compliance.domain.endings import resolution
from waqiti.services.compliance.domain.limits import Counter, LimitTable, TierLimits, counters
from waqiti.services.compliance.domain.reservations import Assessor, Reservation
from waqiti.services.compliance.domain.screening import Entry, WatchList
from waqiti.services.compliance.domain.usage import Windows, shares

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
BASIC = TierLimits(tier="basic", effective_from=LONG_AGO, per_payment=50, per_day=100, per_month=250, balance=200)
ENHANCED = TierLimits(
    tier="enhanced", effective_from=LONG_AGO, per_payment=5_000, per_day=10_000, per_month=25_000, balance=None
)
LIMITS = LimitTable([BASIC, ENHANCED])
NAMES = WatchList("v1", [Entry("X-1", "Zorblat Quenvik")])
ALICE, BOB, EVE, IVY, NOBODY = (new_id() for _ in range(5))
PEOPLE = {
    ALICE: CustomerFacts(id=ALICE, tier="basic", status="active"),
    BOB: CustomerFacts(id=BOB, tier="enhanced", status="active"),
    EVE: CustomerFacts(id=EVE, tier="basic", status="blocked"),
    IVY: CustomerFacts(id=IVY, tier="basic", status="in_review"),
}
SAID = "to Quenvik, Zorblat"
PERHAPS = "to Quenvik, Zoblat"
ASSESSOR = Assessor(PEOPLE, LIMITS, NAMES.read_texts([SAID, PERHAPS, "lunch"]))


def refusals(payer: UUID | None, payee: UUID | None, amount: int = 1, text: str | None = None) -> list[str]:
    return ASSESSOR.assess(screened(payer, payee, amount, text=text)).decision.refusals


def test_parties_must_be_active_customers() -> None:
    assert refusals(ALICE, BOB) == []
    assert refusals(ALICE, EVE) == ["customer_blocked"]
    assert refusals(EVE, ALICE) == ["customer_blocked"]
    assert refusals(ALICE, IVY) == ["customer_not_active"]
    assert refusals(NOBODY, ALICE) == ["customer_not_active"]
    assert refusals(NOBODY, EVE) == ["customer_not_active", "customer_blocked"]


def test_a_name_in_the_text_is_a_sanctions_hit_and_nobody_is_told_whose() -> None:
    assert refusals(ALICE, BOB, text="lunch") == []
    decision = ASSESSOR.assess(screened(ALICE, BOB, 1, text=SAID)).decision
    assert (decision.outcome, decision.refusals) == ("confirmed", ["sanctions_hit"])
    assert "Zorblat" not in str(decision.reasons)
    assert "X-1" not in str(decision.reasons)


def test_what_may_be_a_name_in_the_text_is_reserved_for_and_looked_at() -> None:
    reservation = ASSESSOR.assess(screened(ALICE, BOB, 1, text=PERHAPS))
    decision = reservation.decision
    assert (reservation.state, decision.outcome, decision.refusals) == ("reserved", "possible", [])
    assert [reason.code for reason in decision.reasons] == ["sanctions_possible"]
    assert ASSESSOR.assess_again(screened(ALICE, BOB, 1, text=PERHAPS)).outcome == "possible"


def test_one_payment_may_be_of_the_limit_and_not_of_one_minor_unit_more() -> None:
    assert refusals(ALICE, BOB, 5_000) == []
    assert refusals(ALICE, BOB, 5_001) == ["limit_exceeded"]


def test_limits_count_whole_units_of_any_currency() -> None:
    for currency, limit in (("JPY", 50), ("EUR", 5_000), ("KWD", 50_000)):
        assert ASSESSOR.assess(screened(ALICE, BOB, limit, currency=currency)).state == "reserved"
        assert ASSESSOR.assess(screened(ALICE, BOB, limit + 1, currency=currency)).state == "refused"


def test_the_payees_tier_says_what_a_wallet_may_hold() -> None:
    assert ASSESSOR.assess(screened(BOB, ALICE, 1)).decision.max_credit_balance == 20_000
    assert ASSESSOR.assess(screened(ALICE, BOB, 1)).decision.max_credit_balance is None
    assert ASSESSOR.assess(screened(ALICE, None, 1, kind="withdrawal")).decision.max_credit_balance is None


def test_a_deposit_has_no_limit_but_the_balance() -> None:
    deposit = ASSESSOR.assess(screened(None, ALICE, 10**12, kind="deposit"))
    assert (deposit.state, deposit.counters, deposit.decision.max_credit_balance) == ("unlimited", (), 20_000)
    assert ASSESSOR.assess(screened(None, EVE, 1, kind="deposit")).decision.refusals == ["customer_blocked"]


def test_windows_are_days_and_months_in_utc() -> None:
    late = datetime(2025, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert counters(ALICE, "EUR", late) == (
        Counter(ALICE, "EUR", "day", date(2025, 2, 28)),
        Counter(ALICE, "EUR", "month", date(2025, 2, 1)),
    )


def test_limits_hold_from_the_instant_they_are_effective() -> None:
    lower = TierLimits(tier="basic", effective_from=NOON, per_payment=1, per_day=1, per_month=1, balance=1)
    table = LimitTable([lower, BASIC])
    assert table.at("basic", NOON - timedelta(microseconds=1)) is BASIC
    assert table.at("basic", NOON) is lower


def test_a_batch_is_evaluated_in_its_order_and_a_refused_item_counts_nothing() -> None:
    rows = [ASSESSOR.assess(screened(ALICE, BOB, amount)) for amount in (4_000, 4_000, 4_000, 2_000, 1)]
    windows = Windows(dict.fromkeys(shares(rows), 0))
    decided = [windows.take(row) for row in rows]
    assert [row.state for row in decided] == ["reserved", "reserved", "refused", "reserved", "refused"]
    assert decided[2].decision.refusals == ["limit_exceeded"]
    assert "day" in decided[2].decision.reasons[0].detail


@given(st.lists(st.tuples(st.integers(1, 6_000), st.integers(0, 45)), max_size=40))
def test_no_window_ever_passes_its_limit_and_nothing_that_fits_is_refused(rows: list[tuple[int, int]]) -> None:
    items = [screened(ALICE, BOB, amount, at=NOON + timedelta(days=day)) for amount, day in rows]
    asked = [ASSESSOR.assess(item) for item in items]
    windows = Windows(dict.fromkeys(shares(asked), 0))
    used: dict[Counter, int] = defaultdict(int)
    for row in asked:
        took = windows.take(row)
        fits = row.state == "reserved" and all(
            used[counter] + row.item.amount <= (10_000 if counter.period == "day" else 25_000)
            for counter in row.counters
        )
        assert (took.state == "reserved") is fits
        _count(took, used)


def test_shares_add_up_per_window() -> None:
    rows = [ASSESSOR.assess(screened(ALICE, BOB, amount)) for amount in (100, 200, 9_999_999)]
    found = shares(rows)
    assert {(counter.period, share.amount, share.limit) for counter, share in found.items()} == {
        ("day", 300, 10_000),
        ("month", 300, 25_000),
    }


def test_final_statuses_end_a_reservation_and_others_do_not() -> None:
    payment = new_id()
    confirming: list[Status] = ["captured", "partially_refunded", "refunded"]
    releasing: list[Status] = ["declined", "failed", "canceled", "expired"]
    going_on: list[Status] = ["created", "screening", "in_review", "authorized"]
    for status in confirming:
        ending = resolution(payment, status, 70)
        assert ending is not None
        assert (ending.outcome, ending.amount) == ("confirm", 70)
    for status in releasing:
        ending = resolution(payment, status, 0)
        assert ending is not None
        assert ending.outcome == "release"
    for status in going_on:
        assert resolution(payment, status, 0) is None


def _count(row: Reservation, used: dict[Counter, int]) -> None:
    for counter in row.counters:
        used[counter] += row.item.amount
