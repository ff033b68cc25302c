"""Bounds on trying again, so that a failing service is not buried under retries."""

import time
from typing import Final, Literal

RETRY_SHARE: Final = 0.1
_SAVED_RETRIES: Final = 10.0
OPEN_AFTER_FAILURES: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.5
_LAST_PAUSE_SECONDS: Final = 5.0

State = Literal["closed", "open", "half-open"]


class RetryBudget:
    """Each request saves a tenth of a retry, at most ten are saved: at most 10 % more requests."""

    def __init__(self) -> None:
        self._saved = _SAVED_RETRIES

    def request(self) -> None:
        """Count a first attempt."""
        if self._saved < _SAVED_RETRIES:
            self._saved = min(_SAVED_RETRIES, self._saved + RETRY_SHARE)

    def take(self) -> bool:
        """Take a retry out of the budget; False where it is spent."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class Breaker:
    """Opens after five failures in a row; then one probe at a time, after 0.5 s and up to 5 s, until one succeeds."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = _FIRST_PAUSE_SECONDS
        self._probe_at = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        """Where it stands."""
        if self._failures < OPEN_AFTER_FAILURES:
            return "closed"
        return "half-open" if self._probing or time.monotonic() >= self._probe_at else "open"

    @property
    def retry_after_seconds(self) -> float:
        """How long until the next probe."""
        return max(0.0, self._probe_at - time.monotonic())

    def allow(self) -> bool:
        """Say whether a request may go; where it is half open, this one is the probe and must be recorded."""
        if self._failures < OPEN_AFTER_FAILURES:
            return True
        if self._probing or time.monotonic() < self._probe_at:
            return False
        self._probing = True
        return True

    def success(self) -> None:
        """Record an answer, whatever it said."""
        self._failures = 0
        self._pause = _FIRST_PAUSE_SECONDS
        self._probing = False

    def failure(self) -> None:
        """Record a request that got none."""
        self._failures += 1
        if self._probing:
            self._pause = min(self._pause * 2, _LAST_PAUSE_SECONDS)
        if self._failures >= OPEN_AFTER_FAILURES:
            self._probe_at = time.monotonic() + self._pause
        self._probing = False

    def abandoned(self) -> None:
        """Record that the caller gave up before there was an outcome."""
        self._probing = False
