"""One kept connection: one request at a time, written whole, its answer read whole."""

import asyncio
from typing import Final, NamedTuple, cast

import httptools

from waqiti.foundation.http.client.failures import Severed

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_FIRST_FINAL: Final = 200


class HttpResponse(NamedTuple):
    """An answer; header names in lower case, as they came otherwise."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header; ``name`` is lower case."""
        return next((value for found, value in self.headers if found == name), None)


class Connection(asyncio.Protocol):
    """``idle_since`` is set when it goes back to its pool; ``closed`` as soon as it can no longer be used."""

    __slots__ = (
        "_answer",
        "_chunks",
        "_head_only",
        "_headers",
        "_loop",
        "_parser",
        "_size",
        "_started",
        "_transport",
        "closed",
        "idle_since",
        "uses",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        # Asking which loop runs is a system call each time.
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[HttpResponse] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._size = 0
        self._started = False
        self._head_only = False
        self.closed = True
        self.idle_since = 0.0
        self.uses = 0

    def send(self, request: bytes, *, head_only: bool = False) -> "asyncio.Future[HttpResponse]":
        """Write a request; the future is its answer, or ``Severed``."""
        assert self._answer is None
        assert not self.closed
        self._headers = []
        self._chunks = []
        self._size = 0
        self._started = False
        self._head_only = head_only
        self.uses += 1
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return self._answer

    def abort(self) -> None:
        """Close at once; what was asked stays unanswered."""
        self.closed = True
        self._answer = None
        self._transport.abort()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.closed = False

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()
            return
        self._started = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"the answer is not HTTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail(str(exc) if exc else "the connection was closed")

    # httptools' callbacks
    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._head_only and self._parser.get_status_code() >= _FIRST_FINAL:
            self.closed = True
            self._finish()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._size += len(body)
        if self._size > MAX_ANSWER_BYTES:
            self._fail("the answer is too large")

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < _FIRST_FINAL:
            self._headers = []
            return
        if not self._parser.should_keep_alive():
            self.closed = True
        self._finish()

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        if self.closed:
            self._transport.close()
        if answer is not None and not answer.done():
            body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            answer.set_result(HttpResponse(self._parser.get_status_code(), self._headers, body))

    def _fail(self, reason: str) -> None:
        answer, self._answer = self._answer, None
        if not self.closed:
            self.closed = True
            self._transport.abort()
        if answer is not None and not answer.done():
            answer.set_exception(Severed(reason, answered=self._started))
