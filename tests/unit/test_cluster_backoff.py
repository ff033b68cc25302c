"""When a process that ended is started again."""

from waqiti.operations.cluster.supervision.backoff import Backoff


def test_two_exits_restart_at_once_and_the_third_within_a_minute_waits() -> None:
    backoff = Backoff()

    assert [backoff.pause_after_exit(now) for now in (0.0, 20.0, 59.0)] == [0.0, 0.0, 1.0]
    assert backoff.looping


def test_exits_that_are_rare_never_wait() -> None:
    backoff = Backoff()

    assert [backoff.pause_after_exit(now) for now in (0.0, 31.0, 62.0, 93.0, 124.0)] == [0.0] * 5


def test_the_wait_doubles_up_to_thirty_seconds_and_stays_there_however_far_apart_the_exits_are() -> None:
    backoff = Backoff()
    times = [0.0, 0.1, 0.2, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 200.0]

    pauses = [backoff.pause_after_exit(now) for now in times]

    assert pauses == [0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_thirty_seconds_of_being_ready_forgive_everything() -> None:
    backoff = Backoff()
    for now in (0.0, 0.1, 0.2):
        backoff.pause_after_exit(now)

    backoff.steady(29.9)
    looping_before = backoff.looping
    backoff.steady(30.0)

    assert (looping_before, backoff.looping) == (True, False)
    assert backoff.pause_after_exit(31.0) == 0.0
