"""When a process that has ended is started again."""

from typing import Final

WINDOW_SECONDS: Final = 60.0
EXITS_IN_WINDOW: Final = 3
STEADY_SECONDS: Final = 30.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class Backoff:
    """At once, but after three exits in 60 s without 30 s of being ready 1 s, then twice as long each time, up to 30 s.

    Times are seconds of any clock that only rises.
    """

    def __init__(self) -> None:
        self._exits: list[float] = []
        self._pause_seconds = 0.0

    @property
    def looping(self) -> bool:
        """Whether restarts are being held back."""
        return self._pause_seconds > 0

    def steady(self, ready_seconds: float) -> None:
        """Take note that it has been ready for this long without a break."""
        if ready_seconds >= STEADY_SECONDS:
            self._exits.clear()
            self._pause_seconds = 0.0

    def pause_after_exit(self, now: float) -> float:
        """Take note of an exit; return the seconds to wait before the next start."""
        recent = [at for at in self._exits if now - at < WINDOW_SECONDS]
        self._exits = [*recent[-EXITS_IN_WINDOW:], now]
        if self.looping:
            self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        elif len(self._exits) >= EXITS_IN_WINDOW:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        return self._pause_seconds
