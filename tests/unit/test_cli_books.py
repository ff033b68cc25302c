"""What the commands about the books make of days, times and accounts that do not fit."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from waqiti.cli.books.dates import day_of, instant_of
from waqiti.cli.books.trial_balance import _read
from waqiti.client import AccountBalance, Page, TrialBalance
from waqiti.contracts.public.ledger import CurrencyBalance, KindBalance
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError

DAY = date(2026, 1, 31)


class Books:
    """Sums of wallets of 5, and pages of accounts as told, one reading after the other."""

    def __init__(self, *readings: list[int]) -> None:
        self._readings = list(readings)
        self.ledger = self

    def trial_balance(self, day: date, **_filters: object) -> TrialBalance:
        kind = KindBalance(kind="wallet", accounts=2, opening=0, debits=0, credits=5, closing=5)
        sums = CurrencyBalance(currency="EUR", balanced=True, opening=0, debits=0, credits=5, closing=5, kinds=[kind])
        return TrialBalance(date=day, closed=False, provisional=False, currencies=[sums])

    def trial_balance_accounts(self, _day: date, **_filters: object) -> Page[AccountBalance]:
        found = [
            AccountBalance(
                account=f"wal_{number}",
                kind="wallet",
                currency="EUR",
                opening=0,
                debits=0,
                credits=credit,
                closing=credit,
            )
            for number, credit in enumerate(self._readings.pop(0))
        ]
        return Page(found[::-1], None)


def read(books: Any) -> list[tuple[str, int]]:
    return [(one.account, one.closing) for one in _read(books, DAY, None).accounts]


def test_accounts_that_add_up_to_their_kinds_are_listed_in_order() -> None:
    assert read(Books([2, 3])) == [("wal_0", 2), ("wal_1", 3)]


def test_what_was_booked_in_between_is_read_again_but_not_for_ever() -> None:
    assert read(Books([2, 3, 0], [2, 4], [1, 4])) == [("wal_0", 1), ("wal_1", 4)]
    with pytest.raises(ClusterError, match="still being booked") as stopped:
        read(Books([1], [2], [3]))
    assert stopped.value.exit_code == FAILED


def test_days_and_times_are_in_utc_unless_they_say_otherwise() -> None:
    assert day_of("2026-01-31", "--date") == DAY
    assert instant_of("2026-01-31", "--as-of") == datetime(2026, 1, 31, tzinfo=UTC)
    assert instant_of("2026-01-31T12:00:00Z", "--as-of") == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert instant_of("2026-01-31T13:00:00+01:00", "--as-of") == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "today", "20260131", "2026-02-30", "2026-W05-6", "31.01.2026"])
def test_what_is_no_day_is_wrong_use(text: str) -> None:
    for read_text in (day_of, instant_of):
        with pytest.raises(ClusterError, match="--option wants") as refused:
            read_text(text, "--option")
        assert refused.value.exit_code == WRONG_USE


def test_a_time_without_its_offset_is_wrong_use() -> None:
    with pytest.raises(ClusterError, match="wants a time"):
        instant_of("2026-01-31T12:00:00", "--as-of")
