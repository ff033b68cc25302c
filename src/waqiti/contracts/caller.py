"""What a typed client needs: something that calls another deployment."""

from typing import Protocol, TypeVar

import msgspec

Reply = TypeVar("Reply")


class Caller(Protocol):
    """Calls one deployment, with this service's token, a deadline, a breaker and a retry budget."""

    async def call(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None,
        reply: type[Reply],
        *,
        timeout_seconds: float,
        idempotent: bool = True,
    ) -> Reply:
        """Send ``body`` as JSON and read the answer as ``reply``.

        Raises:
            NoAnswer: the answer was lost or late; whether the call had an effect is unknown.
            DependencyUnavailable: it was not sent, or the deployment said 503.
            Problem: the deployment answered with another problem document.
        """
        ...
