"""What a member of a consumer group hands out, takes back and gives up."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from waqiti.foundation.events import Batch, Event
from waqiti.foundation.events.claims import Survey
from waqiti.foundation.events.holdings import WIND_DOWN_SECONDS, Holdings
from waqiti.foundation.events.store import Mark

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def events(partition: int, *offsets: int) -> list[Event]:
    return [Event("topic", partition, offset, "key", "type", UUID(int=0), b"{}", None, NOW) for offset in offsets]


def holdings(*partitions: int) -> Holdings:
    held = Holdings()
    held.add([Mark(partition, 1, 0) for partition in partitions])
    return held


def hand_out(held: Holdings, found: list[Event], max_events: int = 100) -> Batch:
    batch = held.hand_out(found, held.positions(), max_events)
    assert batch is not None
    return batch


def test_what_was_handed_out_is_not_asked_for_again() -> None:
    held = holdings(0, 1)
    batch = hand_out(held, events(0, 0, 1, 2) + events(1, 0))
    assert sorted((span.partition, span.first, span.next) for span in batch.spans) == [(0, 0, 3), (1, 0, 1)]
    assert held.positions() == {0: 3, 1: 1}


def test_a_gap_is_never_handed_out() -> None:
    with pytest.raises(AssertionError, match="gap"):
        hand_out(holdings(0), events(0, 1, 2))
    with pytest.raises(AssertionError, match="gap"):
        hand_out(holdings(0), events(0, 0, 2))


def test_aborting_in_any_order_goes_back_to_the_first_aborted_batch() -> None:
    held = holdings(0)
    batches = [hand_out(held, events(0, offset)) for offset in range(3)]
    held.go_back(batches[2])
    held.go_back(batches[1])
    assert held.positions() == {0: 1}
    held.go_back(batches[2])
    assert held.positions() == {0: 1}


def test_a_refused_mark_stops_a_partition_until_its_marks_are_read() -> None:
    held = holdings(0, 1)
    batch = hand_out(held, events(0, 0, 1))
    held.doubt(batch)
    held.go_back(batch)
    assert held.uncertain()
    assert held.positions() == {1: 0}
    assert held.settle([Mark(0, 1, 2), Mark(1, 1, 0)])
    assert held.positions() == {0: 2, 1: 0}


def test_somebody_elses_epoch_means_starting_over() -> None:
    held = holdings(0)
    held.doubt(hand_out(held, events(0, 0)))
    assert not held.settle([Mark(0, 2, 0)])


def test_what_changed_hands_during_a_read_is_left_out() -> None:
    held = holdings(0, 1)
    asked = held.positions()
    held.remove([0])
    batch = held.hand_out(events(0, 0) + events(1, 0), asked, 10)
    assert batch is not None
    assert [span.partition for span in batch.spans] == [1]


def test_a_partition_is_given_up_once_all_that_was_handed_out_is_committed() -> None:
    held = holdings(0)
    hand_out(held, events(0, 0, 1))
    held.wind_down(1, now=10.0)
    assert held.positions() == {}
    assert held.settled([Mark(0, 1, 0)], now=10.5) == []
    assert held.settled([Mark(0, 1, 2)], now=10.5) == [0]
    assert held.settled([Mark(0, 1, 0)], now=10.1 + WIND_DOWN_SECONDS) == [0]


def test_winding_down_can_be_taken_back() -> None:
    held = holdings(0, 1, 2)
    held.wind_down(2, now=0.0)
    assert len(held.positions()) == 1
    held.wind_down(0, now=1.0)
    assert len(held.positions()) == 3


@pytest.mark.parametrize(("members", "share"), [(0, 16), (1, 16), (2, 8), (3, 6), (5, 4), (16, 1), (40, 1)])
def test_members_share_evenly_rounded_up(members: int, share: int) -> None:
    assert Survey(members, frozenset()).fair_share(16) == share


def test_only_partitions_that_nobody_owns_are_candidates() -> None:
    survey = Survey(2, frozenset({0, 1, 2}))
    assert sorted(survey.candidates(5, 8)) == [3, 4]
    assert survey.candidates(5, 0) == []
    assert len(survey.candidates(16, 5)) == 5
