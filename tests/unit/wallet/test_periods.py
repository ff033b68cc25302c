"""The period of a statement."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.foundation.errors import Problem
from waqiti.services.wallet.domain.statements import Period, instant, period

SINCE = datetime(2026, 1, 2, 3, tzinfo=UTC)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_a_statement_of_nothing_said_covers_the_life_of_the_wallet() -> None:
    assert period(None, None, since=SINCE, now=NOW) == Period(SINCE, NOW)


def test_a_day_is_covered_to_its_end() -> None:
    day = period("2026-03-01", "2026-03-01", since=SINCE, now=NOW)

    assert day == Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))


def test_times_are_read_in_their_zone() -> None:
    read = period("2026-03-01T02:00:00+02:00", "2026-03-01T12:00:00Z", since=SINCE, now=NOW)

    assert read == Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_a_time_before_all_money_counts_as_its_beginning() -> None:
    assert instant("0001-01-01T00:00:00Z", "from") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "5",
        "2026-13-01",
        "2026-02-30",
        "2026-03-01T12:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
    ],
)
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(Problem) as refused:
        instant(text, "to", whole_day=True)

    assert refused.value.status == 422
    assert refused.value.errors[0].pointer == "?to"


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Problem):
        period("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", since=SINCE, now=NOW)


@given(st.text(max_size=40))
def test_no_text_at_all_is_more_than_refused(text: str) -> None:
    with contextlib.suppress(Problem):
        assert instant(text, "from").utcoffset() == timedelta(0)
