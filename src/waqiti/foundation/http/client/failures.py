"""What goes wrong between two services."""

from waqiti.foundation.errors import Problem


class NoAnswer(Problem):
    """No answer: never sent (``sent`` False), or sent and lost or late, so that its effect is unknown.

    A handler that lets it pass answers 503 ``dependency_unavailable``.
    """

    def __init__(self, dependency: str, detail: str, *, sent: bool) -> None:
        super().__init__(
            503, "dependency_unavailable", f"{dependency}: {detail}", retryable=True, retry_after_seconds=1
        )
        self.dependency = dependency
        self.sent = sent


class Crowded(NoAnswer):
    """Never sent, for this side had no connection free in time; it says nothing about the other."""

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(dependency, detail, sent=False)


class Severed(Exception):
    """A connection ended under a request; ``answered`` says whether any byte of the answer had come."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.answered = answered
