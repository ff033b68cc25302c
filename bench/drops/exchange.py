"""One HTTP/1.1 exchange on a connection of one's own, and exactly how it failed. Nothing here is tried again."""

import asyncio
import time
from typing import Final, Literal, NamedTuple, cast

import httptools

Kind = Literal[
    "connect_error",  # no connection
    "reset",  # reset by the other side
    "no_answer",  # closed before the first byte of the answer
    "short_body",  # closed within the answer
    "not_http",  # an answer that cannot be read, or bytes that nobody asked for
    "unanswered",  # no whole answer within half a minute
    "slow",  # a whole answer after more than ten seconds
    "server_error",  # 5xx
    "refused",  # any other status that was not expected
    "closed_early",  # an idle connection closed within two seconds of its last answer, which did not say so
    "operation_failed",  # a command that did not do what it was told
    "books",  # money or payments that do not add up
]

CONNECT_SECONDS: Final = 10.0
UNANSWERED_SECONDS: Final = 30.0


class Drop(Exception):
    """An exchange that failed."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
        self.detail = detail


class Answer(NamedTuple):
    """A whole answer; ``closes`` where no other will come on this connection."""

    status: int
    body: bytes
    closes: bool


class Connection(asyncio.Protocol):
    """Asks one thing at a time. ``closed`` as soon as the other side has closed it.

    ``idle_since`` is when its last answer was there, ``closed_at`` when the end of it was seen.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []
        self._received = 0
        self.closed = False
        self.idle_since = 0.0
        self.closed_at = 0.0

    async def ask(self, request: bytes) -> Answer:
        """Send ``request`` and return its answer.

        Raises:
            Drop: there was none.
        """
        self._body, self._received = [], 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(UNANSWERED_SECONDS):
                return await self._answer
        except TimeoutError as error:
            self.close()
            raise Drop("unanswered", f"{self._received} bytes in {UNANSWERED_SECONDS:g} s") from error
        finally:
            self._answer = None
            self.idle_since = time.monotonic()

    def close(self) -> None:
        """Close it."""
        self.closed = True
        self._transport.close()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._answer is None or self._answer.done():
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Drop("not_http", f"{error}: {data[:200]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed, self.closed_at = True, time.monotonic()
        if exc is not None:
            self._fail(Drop("reset", f"{exc!r} after {self._received} bytes"))
        elif self._received:
            self._fail(Drop("short_body", f"closed after {self._received} bytes"))
        else:
            self._fail(Drop("no_answer", "closed before the first byte"))

    # httptools' callbacks
    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            closes = not self._parser.should_keep_alive()
            self._answer.set_result(Answer(self._parser.get_status_code(), b"".join(self._body), closes))

    def _fail(self, drop: Drop) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(drop)


async def connect(host: str, port: int) -> Connection:
    """Open a connection.

    Raises:
        Drop: it was refused, or took more than ten seconds.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await loop.create_connection(Connection, host, port)
    except (OSError, TimeoutError) as error:
        raise Drop("connect_error", repr(error)) from error
    return connection
