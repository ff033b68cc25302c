"""Bounds on trying again."""

import time

import pytest

from waqiti.foundation.http.client.budget import OPEN_AFTER_FAILURES, Breaker, RetryBudget


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def state(breaker: Breaker) -> str:
    return breaker.state


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(OPEN_AFTER_FAILURES):
        assert breaker.allow()
        breaker.failure()
    return breaker


def test_a_breaker_opens_after_failures_in_a_row_only(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(OPEN_AFTER_FAILURES - 1):
            breaker.failure()
        breaker.success()
    assert state(breaker) == "closed"
    assert state(opened()) == "open"


def test_an_open_breaker_lets_one_probe_through_at_a_time(clock: Clock) -> None:
    breaker = opened()
    assert not breaker.allow()
    clock.now += 0.5
    assert state(breaker) == "half-open"
    assert breaker.allow()
    assert not breaker.allow()
    breaker.success()
    assert state(breaker) == "closed"
    assert breaker.allow()


def test_failed_probes_come_less_and_less_often_but_at_least_every_five_seconds(clock: Clock) -> None:
    breaker = opened()
    pauses = []
    for _ in range(6):
        pauses.append(round(breaker.retry_after_seconds, 3))
        clock.now += breaker.retry_after_seconds
        assert breaker.allow()
        breaker.failure()
        assert not breaker.allow()
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_probe_that_was_given_up_makes_room_for_the_next(clock: Clock) -> None:
    breaker = opened()
    clock.now += 0.5
    assert breaker.allow()
    breaker.abandoned()
    assert breaker.allow()


def test_retries_are_a_tenth_of_the_requests_once_the_savings_are_spent() -> None:
    budget = RetryBudget()
    granted = 0
    for _ in range(10_000):
        budget.request()
        granted += budget.take()
    assert 1_000 <= granted <= 1_010
