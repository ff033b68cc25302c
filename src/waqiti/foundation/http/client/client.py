"""Requests to one address, with a deadline, at most one retry, a retry budget and a breaker."""

import asyncio
import math
import re
from typing import Final
from urllib.parse import urlsplit

from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client.budget import Breaker, RetryBudget, State
from waqiti.foundation.http.client.connection import Connection, HttpResponse
from waqiti.foundation.http.client.deadline import Deadline
from waqiti.foundation.http.client.failures import Crowded, NoAnswer, Severed
from waqiti.foundation.http.client.pool import Pool

MAX_CONNECTIONS: Final = 256
MAX_WAITERS: Final = 2048
_TARGET: Final = re.compile(rb"[!-~]+\Z")
_TOKEN: Final = re.compile(r"[A-Z]+\Z")

Headers = list[tuple[bytes, bytes]]


class HttpClient:
    """A client of ``url`` (scheme http, host and port); ``name`` is what errors call it."""

    def __init__(
        self, name: str, url: str, *, max_connections: int = MAX_CONNECTIONS, max_waiters: int = MAX_WAITERS
    ) -> None:
        parts = urlsplit(url)
        assert parts.scheme == "http", url
        assert parts.hostname, url
        assert parts.path in ("", "/"), url
        port = parts.port or 80
        self.name = name
        self._host = f"{parts.hostname}:{port}".encode()
        self._pool = Pool(name, parts.hostname, port, max_connections=max_connections, max_waiters=max_waiters)
        self._budget = RetryBudget()
        self._breaker = Breaker()

    @property
    def breaker_state(self) -> State:
        """Whether requests go ("closed"), are refused ("open") or one is tried ("half-open")."""
        return self._breaker.state

    async def request(
        self,
        method: str,
        path: str | bytes,
        *,
        headers: Headers,
        body: bytes = b"",
        deadline: Deadline,
        idempotent: bool = False,
    ) -> HttpResponse:
        """Send a request and return its answer, whatever its status.

        ``path`` includes the query. ``headers`` are sent as they are, beside host and content-length. An idempotent
        request whose connection dies before the first byte of an answer is sent once more.

        Raises:
            NoAnswer: there was none by the deadline; ``sent`` says whether it may have had an effect.
            DependencyUnavailable: the breaker is open; nothing was sent.
        """
        message = self._message(method, path, headers, body)
        if not self._breaker.allow():
            after = max(1, math.ceil(self._breaker.retry_after_seconds))
            raise DependencyUnavailable(self.name, f"{self.name} does not answer.", retry_after_seconds=after)
        self._budget.request()
        try:
            answer = await self._attempts(message, deadline, idempotent=idempotent, head_only=method == "HEAD")
        except (Crowded, asyncio.CancelledError):
            self._breaker.abandoned()
            raise
        except NoAnswer:
            self._breaker.failure()
            raise
        self._breaker.success()
        return answer

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    async def _attempts(self, message: bytes, deadline: Deadline, *, idempotent: bool, head_only: bool) -> HttpResponse:
        connection = await self._pool.take(deadline)
        try:
            return await self._exchange(connection, message, deadline, head_only=head_only)
        except Severed as severed:
            if severed.answered or not idempotent or deadline.passed or not self._budget.take():
                raise NoAnswer(self.name, f"the answer was lost ({severed})", sent=True) from severed
        try:
            connection = await self._pool.take(deadline, fresh=True)
            return await self._exchange(connection, message, deadline, head_only=head_only)
        except Severed as severed:
            raise NoAnswer(self.name, f"the answer was lost twice ({severed})", sent=True) from severed
        except NoAnswer as error:
            raise NoAnswer(self.name, error.detail, sent=True) from error

    async def _exchange(
        self, connection: Connection, message: bytes, deadline: Deadline, *, head_only: bool
    ) -> HttpResponse:
        answer = connection.send(message, head_only=head_only)
        timer = answer.get_loop().call_at(deadline.at, _expire, answer)
        try:
            return await answer
        except _LateError as late:
            connection.abort()
            raise NoAnswer(self.name, "it did not answer in time", sent=True) from late
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            timer.cancel()
            self._pool.give_back(connection)

    def _message(self, method: str, path: str | bytes, headers: Headers, body: bytes) -> bytes:
        target = path.encode() if isinstance(path, str) else path
        assert _TOKEN.match(method), method
        if not _TARGET.match(target):
            raise ValueError(f"{target!r} is no path")
        lines = [b"%b %b HTTP/1.1\r\nhost: %b" % (method.encode(), target, self._host)]
        lines += [b"%b: %b" % header for header in headers]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(b"content-length: %d" % len(body))
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header holds a line break")
        return head + b"\r\n\r\n" + body


class _LateError(Exception):
    pass


def _expire(answer: "asyncio.Future[HttpResponse]") -> None:
    if not answer.done():
        answer.set_exception(_LateError())
