"""A point in time by which an answer must be there."""

import time


class Deadline:
    """``at`` is in seconds of the monotonic clock, which is also the event loop's."""

    __slots__ = ("at",)

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """What is left; not below 0."""
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Say whether it is over."""
        return time.monotonic() >= self.at
