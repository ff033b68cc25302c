"""Sends the calls of a client: keys, retries with back-off, and errors by code."""

import asyncio
import random
from typing import Final, TypeVar
from uuid import uuid4

import msgspec

from waqiti.client.errors import ApiError, ConnectionFailed, IdempotencyError, RateLimited, Unavailable, error_of
from waqiti.foundation.errors import Problem
from waqiti.foundation.http.client import Deadline, HttpClient, HttpResponse

Reply = TypeVar("Reply")

DEFAULT_TIMEOUT_SECONDS: Final = 35.0
"""For one attempt; above the longest wait that the platform grants."""

_FIRST_PAUSE_SECONDS: Final = 0.1
_LAST_PAUSE_SECONDS: Final = 3.0
_LONGEST_PAUSE_SECONDS: Final = 10.0
"""However long the platform asks to wait."""
_FIRST_ERROR: Final = 400
_KEY: Final = b"idempotency-key"
_JSON: Final = (b"accept", b"application/json")


class Transport:
    """One platform, one key. At most ``max_attempts`` tries a call, each with ``timeout_seconds``."""

    def __init__(
        self, base_url: str, api_key: str, *, timeout_seconds: float, max_connections: int, max_attempts: int
    ) -> None:
        self._client = HttpClient(f"the platform at {base_url}", base_url, max_connections=max_connections)
        self._headers = [
            (b"authorization", f"Bearer {api_key}".encode()),
            (b"content-type", b"application/json"),
            (b"user-agent", b"waqiti-python"),
        ]
        self._timeout_seconds = timeout_seconds
        self._max_attempts = max_attempts
        self._encode = msgspec.json.Encoder().encode

    async def get(self, path: str, reply: type[Reply]) -> Reply:
        """Read ``path`` as ``reply``."""
        answer = await self._send("GET", path, b"", [*self._headers, _JSON])
        return msgspec.json.decode(answer.body, type=reply)

    async def get_text(self, path: str) -> str:
        """Read ``path`` as it is written."""
        return (await self._send("GET", path, b"", self._headers)).body.decode()

    async def post(
        self,
        path: str,
        body: object,
        reply: type[Reply],
        idempotency_key: str | None,
        *,
        wait_seconds: int | None = None,
    ) -> Reply:
        """Send ``body`` under a key, one that is minted here where none is given, and read the answer as ``reply``."""
        headers = [*self._headers, (_KEY, (idempotency_key or uuid4().hex).encode())]
        if wait_seconds is not None:
            headers.append((b"prefer", b"wait=%d" % wait_seconds))
        answer = await self._send("POST", path, self._encode(body), headers)
        return msgspec.json.decode(answer.body, type=reply)

    async def delete(self, path: str) -> None:
        """Delete what is at ``path``."""
        await self._send("DELETE", path, b"", self._headers)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _send(self, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> HttpResponse:
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, self._max_attempts + 1):
            try:
                return await self._attempt(method, path, body, headers)
            except (ConnectionFailed, Unavailable, RateLimited, IdempotencyError) as error:
                if attempt == self._max_attempts or not _worth_another_try(error):
                    raise
                await asyncio.sleep(max(pause * random.uniform(0.5, 1.0), _asked_for(error)))
            pause = min(pause * 2, _LAST_PAUSE_SECONDS)
        raise AssertionError("a call has at least one attempt")

    async def _attempt(self, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> HttpResponse:
        try:
            answer = await self._client.request(
                method, path, headers=headers, body=body, deadline=Deadline(self._timeout_seconds), idempotent=True
            )
        except Problem as problem:
            raise ConnectionFailed(problem.detail) from problem
        if answer.status >= _FIRST_ERROR:
            after = answer.header(b"retry-after")
            raise error_of(answer.status, answer.body, int(after) if after is not None and after.isdigit() else None)
        return answer


def _worth_another_try(error: ConnectionFailed | ApiError) -> bool:
    return isinstance(error, ConnectionFailed) or error.retryable or error.code == "idempotency_in_flight"


def _asked_for(error: ConnectionFailed | ApiError) -> float:
    after = error.retry_after_seconds if isinstance(error, ApiError) else None
    return min(float(after or 0), _LONGEST_PAUSE_SECONDS)
