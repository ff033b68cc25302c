"""What goes wrong between two services."""

from typing import Final

from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.telemetry import counter, logger

_REFUSED: Final = counter(
    "http_client_refused_total", "Calls that another deployment refused for a reason that is ours.", ("service",)
)

_log = logger(__name__)


def report_refusal(service: str, status: int, detail: str) -> None:
    """Log and count a call that was refused whoever it was about: it is for somebody to mend."""
    _REFUSED.labels(service).inc()
    _log.error("service_refuses_us", service=service, status=status, detail=detail)


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


class RefusesUs(DependencyUnavailable):
    """The other side takes no call of ours: a key or a version does not fit. It says nothing to whoever called us."""


class Crowded(NoAnswer):
    """Never sent, for this side had no connection free in time; it says nothing about the other."""

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(dependency, detail, sent=False)


class Severed(Exception):
    """A connection ended under a request; ``answered`` says whether any byte of the answer had come."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.answered = answered
