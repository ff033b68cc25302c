"""The asynchronous client."""

from types import TracebackType
from typing import Self

from waqiti.client.calling import Awaiting
from waqiti.client.resources import Resources
from waqiti.client.transport import DEFAULT_TIMEOUT_SECONDS, Transport


class AsyncClient(Resources[Awaiting]):
    """Calls a Waqiti platform.

    Every writing call carries an idempotency key, its own where none is given, and is retried under that key where no
    answer comes: it happens once. Raises what ``waqiti.client.errors`` draws.

    >>> async with AsyncClient("http://127.0.0.1:8080", api_key) as waqiti:
    ...     payment = await waqiti.payments.create(from_wallet=a, to_wallet=b, amount=1250, currency="EUR")
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
        self._transport = Transport(
            base_url,
            api_key,
            timeout_seconds=timeout_seconds,
            max_connections=max_connections,
            max_attempts=max_attempts,
        )
        super().__init__(self._transport, Awaiting())

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
