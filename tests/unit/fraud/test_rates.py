"""The rate of false positives with its interval, the minutes that it counts, and what disputes say."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.scoring import NOON
from waqiti.contracts.casework import DisputeEvent
from waqiti.foundation.ids import first_id, minted_at, new_id
from waqiti.services.fraud.domain.labels import finding_of
from waqiti.services.fraud.domain.minutes import counted_again, finished, minute_of
from waqiti.services.fraud.domain.rates import Counts, share


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # From the table of Newcombe (1998), method 3: the score interval without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_the_interval_is_the_score_interval(hits: int, total: int, low: float, high: float) -> None:
    rate = share(hits, total)
    assert rate.share == pytest.approx(hits / total, abs=1e-6)
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


def test_without_anybody_legitimate_there_is_no_rate() -> None:
    assert Counts(flagged=0, presumed=0).rate() is None
    found = Counts(flagged=1, presumed=3).rate()
    assert found is not None
    assert found.share == 0.25


def test_the_ids_of_a_minute_are_those_minted_in_it() -> None:
    identifier = new_id()
    minute = minute_of(minted_at(identifier))
    assert first_id(minute) <= identifier < first_id(minute + timedelta(minutes=1))
    assert (minute.second, minute.microsecond) == (0, 0)


def test_minutes_are_finished_some_seconds_after_their_end() -> None:
    later = NOON + timedelta(minutes=3, seconds=4)
    assert finished(NOON, later, 20) == [NOON, NOON + timedelta(minutes=1)]
    assert finished(NOON, later + timedelta(seconds=1), 20) == [NOON + timedelta(minutes=n) for n in range(3)]
    assert len(finished(NOON, NOON + timedelta(days=1), 20)) == 20
    assert finished(later, NOON, 20) == []


def test_a_minute_is_counted_again_as_it_ages() -> None:
    times: list[datetime] = [NOON + timedelta(minutes=1, seconds=6)]
    while (following := counted_again(NOON, times[-1])) is not None:
        times.append(following)
    assert [at - NOON - timedelta(minutes=1) for at in times] == [
        timedelta(seconds=6),
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=23),
    ]


@pytest.mark.parametrize(
    ("kind", "status", "label"),
    [
        ("wrongly_blocked", "lost", "legitimate"),
        ("wrongly_blocked", "won", None),
        ("fraud", "lost", "fraud"),
        ("fraud", "won", "legitimate"),
        ("fraud", "open", None),
        ("other", "lost", None),
    ],
)
def test_a_dispute_says_what_its_end_says(kind: Any, status: Any, label: str | None) -> None:
    event = DisputeEvent(
        dispute_id=new_id(), payment_id=new_id(), kind=kind, status=status, actor="key_operator", at=NOON
    )
    finding = finding_of(event)
    assert (finding.label if finding else None) == label
    assert finding is None or (finding.origin, finding.subject_id) == (event.dispute_id, event.payment_id)
