"""Whoever looks for work looks less often while there is none, and the loops of a process wake it together."""

import pytest

from waqiti.foundation.pausing import Pauses, until_beat


def test_pauses_double_while_nothing_is_found_and_begin_anew_once_something_is() -> None:
    pauses = Pauses(0.1, 0.5)

    assert [pauses.after(found=False) for _ in range(3)] == [0.1, 0.2, 0.4]
    assert 0.25 <= pauses.after(found=False) <= 0.75
    assert pauses.after(found=True) == 0
    assert pauses.after(found=False) == 0.1


@pytest.mark.parametrize("now", [0.0, 12.34, 100_000.001])
def test_beats_of_one_process_fall_together_whenever_they_are_asked_for(now: float) -> None:
    second = now + until_beat(1.0, now)

    fifth = now
    while fifth < second - 0.01:
        pause = until_beat(0.2, fifth)
        assert 0.1 <= pause <= 0.3
        fifth += pause
    assert fifth == pytest.approx(second)
