"""Forwards a request, byte for byte, to the deployment that owns its path."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Incoming, Outgoing, wait_seconds
from waqiti.foundation.http.client import Deadline, HttpClient, HttpResponse
from waqiti.services.gateway.domain.rates import RateLimit
from waqiti.services.gateway.domain.routes import owner_of

ANSWER_SECONDS: Final = 10.0
"""How long a deployment may take beside the wait that the client asked for."""
MAX_WAIT_SECONDS: Final = 30.0
_LONG_WAIT_SECONDS: Final = 10.0
"""A longer wait could outlive the drain of this process; it is then asked again without waiting."""

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS: Final = frozenset({b"x-request-id", b"traceparent"})
_NOT_FORWARDED: Final = _HOP_BY_HOP | _OURS
_NOT_RETURNED: Final = _HOP_BY_HOP | {b"x-request-id", b"date", b"server", b"content-type"}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_IDEMPOTENCY_KEY: Final = b"idempotency-key"
_PREFER: Final = b"prefer"


class Forwarder:
    """Checks how often the key asks, then forwards."""

    def __init__(self, clients: Mapping[str, HttpClient], rates: RateLimit, draining: asyncio.Event) -> None:
        self._clients = clients
        self._rates = rates
        self._draining = draining

    async def forward(self, incoming: Incoming) -> Outgoing:
        """Return the owner's answer.

        Raises:
            Problem: 404 ``not_found`` where no deployment owns the path, 429 ``rate_limited``.
            NoAnswer, DependencyUnavailable: 503 ``dependency_unavailable``.
        """
        owner = owner_of(incoming.path)
        if owner is None:
            raise Problem.not_found("There is nothing at this path.")
        self._take_token(incoming)
        client = self._clients[owner]
        wait = wait_seconds(incoming.header(_PREFER), default=0.0, maximum=MAX_WAIT_SECONDS)
        headers = _request_headers(incoming)
        if wait > _LONG_WAIT_SECONDS and incoming.method not in _SAFE:
            return _returned(await self._until_draining(client, incoming, headers, wait))
        return _returned(await _send(client, incoming, headers, wait))

    def _take_token(self, incoming: Incoming) -> None:
        wait = self._rates.wait_seconds(incoming.principal.key_id, time.monotonic())
        if wait > 0:
            detail = "This key asks more often than it may; wait as Retry-After says."
            raise Problem(429, "rate_limited", detail, retryable=True, retry_after_seconds=max(1, round(wait)))

    async def _until_draining(
        self, client: HttpClient, incoming: Incoming, headers: list[tuple[bytes, bytes]], wait: float
    ) -> HttpResponse:
        """Wait long; where this process is told to end meanwhile, ask again, under the same key, not to wait."""
        answer = asyncio.create_task(_send(client, incoming, headers, wait))
        told_to_end = asyncio.create_task(self._draining.wait())
        try:
            await asyncio.wait({answer, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done() or not _is_idempotent(incoming):
                return await answer
            impatient = [(name, value) for name, value in headers if name != _PREFER]
            return await _send(client, incoming, [*impatient, (_PREFER, b"wait=0")], 0.0)
        finally:
            told_to_end.cancel()
            answer.cancel()


async def _send(
    client: HttpClient, incoming: Incoming, headers: list[tuple[bytes, bytes]], wait: float
) -> HttpResponse:
    query = incoming.query_string
    return await client.request(
        incoming.method,
        b"%b?%b" % (incoming.raw_path, query) if query else incoming.raw_path,
        headers=headers,
        body=incoming.body,
        deadline=Deadline(ANSWER_SECONDS + wait),
        idempotent=_is_idempotent(incoming),
    )


def _is_idempotent(incoming: Incoming) -> bool:
    return incoming.method in _SAFE or incoming.header(_IDEMPOTENCY_KEY) is not None


def _request_headers(incoming: Incoming) -> list[tuple[bytes, bytes]]:
    headers = [(name, value) for name, value in incoming.headers if name not in _NOT_FORWARDED]
    headers.append((b"x-request-id", incoming.request_id.encode()))
    headers.append((b"traceparent", incoming.trace.traceparent.encode()))
    return headers


def _returned(answer: HttpResponse) -> Outgoing:
    kept = tuple(header for header in answer.headers if header[0] not in _NOT_RETURNED)
    return Outgoing(answer.status, answer.body, kept, answer.header(b"content-type") or b"application/octet-stream")
