"""The synchronous client: a portal into an event loop of its own, where all calls run."""

from types import TracebackType
from typing import Self

from waqiti.client.calling import Portal
from waqiti.client.resources import Resources
from waqiti.client.transport import DEFAULT_TIMEOUT_SECONDS, Transport


class Client(Resources[Portal]):
    """Calls a Waqiti platform, waiting for each answer; may be used from several threads.

    >>> with Client("http://127.0.0.1:8080", api_key) as waqiti:
    ...     payment = waqiti.payments.create(from_wallet=a, to_wallet=b, amount=1250, currency="EUR")
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_connections: int = 100,
        max_attempts: int = 4,
    ) -> None:
        self._closed = False
        self._portal = Portal()
        self._transport = Transport(
            base_url,
            api_key,
            timeout_seconds=timeout_seconds,
            max_connections=max_connections,
            max_attempts=max_attempts,
        )
        super().__init__(self._transport, self._portal)

    def close(self) -> None:
        """Close all connections and the event loop; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._portal.call(self._transport.aclose())
            self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
