"""The HTTP server of one service: uvicorn's protocol on listening sockets that live longer than this process.

uvicorn closes idle connections at once when it stops, and a request that was on its way is reset. Here a stopping
server accepts nothing new, says ``Connection: close`` with every answer, and closes an idle connection only after two
seconds of silence. A connection that has lived for half a minute is ended in the same way, with an answer: replicas
that share a listening socket then share the kept connections too, also when one of them came later.

What a head, trailers or chunk lengths may take is bounded. Trailers are dropped: they are no headers (RFC 9110 6.5.1).
An offer to speak another protocol is not taken up, and its request is served as any other (RFC 9110 7.8).
"""

import asyncio
import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.asgi import ANSWER, ASGIApp
from waqiti.foundation.pausing import until_beat
from waqiti.foundation.runtime.accepting import Acceptor
from waqiti.foundation.telemetry import logger

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

KEEP_ALIVE_SECONDS: Final = 75
SILENCE_SECONDS: Final = 2.0
DRAIN_SECONDS: Final = 18.0
ABANDONED_SECONDS: Final = 3.0
"""What clients have begun and left gets this long at the end: nobody waits for it, and all of it may be killed."""
LIFE_SECONDS: Final = (20.0, 40.0)
RECEIVE_SECONDS: Final = 60.0
MAX_HEAD_BYTES: Final = 64 * 1024
BACKLOG: Final = 2048
_HEAD: Final = b"HTTP/1.1 "
_CONTINUE: Final = b"HTTP/1.1 100"
_CLOSE: Final = (b"connection", b"close")
_TICK_SECONDS: Final = 1.0

_log = logger(__name__)


class _Cork:
    """A transport that sends the head of an answer with the first piece of its body: one system call, one packet."""

    __slots__ = ("_held", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send ``data``, or hold it where it is the head of an answer."""
        if self._held:
            data = self._held + data
            self._held = b""
        elif data.startswith(_HEAD) and not data.startswith(_CONTINUE):
            self._held = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            self._transport.write(self._held)
            self._held = b""

    def close(self) -> None:
        """Send what is held and close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def _answer(
    cycle: RequestResponseCycle, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> None:
    """Send a whole answer in one write, where ``RequestResponseCycle.send`` takes two messages and checks each."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    if _CLOSE in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        headers = [*headers, _CLOSE]
    lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
    head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
    assert head.count(b"\n") == head.count(b"\r") == len(lines) + 2, "a header holds a line break"
    cycle.response_started = cycle.response_complete = True
    cycle.transport.write(head if cycle.scope["method"] == "HEAD" else head + body)
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


class _Dropped(list[tuple[bytes, bytes]]):
    """Where the fields of trailers go."""

    def append(self, _field: tuple[bytes, bytes], /) -> None:
        """Forget the field."""


_TRAILERS: Final = _Dropped()


class _Connection(HttpToolsProtocol):
    """One client's connection."""

    server_state: "_State"
    _ends_at = 0.0
    _refused = False
    _only_fields = True
    _field_bytes = 0
    _receiving_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _Cork(transport))
        now = self.loop.time()
        self._ends_at = now + random.uniform(*self.server_state.life_seconds)
        self._receiving_since = now

    def data_received(self, data: bytes) -> None:
        """Parse what came; fields that go on and on are refused."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._only_fields = True
        try:
            self._parse(data)
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._only_fields:
            self._count_fields(len(data))

    def _parse(self, data: bytes) -> None:
        """Parse ``data``; the parser stops after a head that offers an upgrade, as if what follows were no HTTP."""
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
            except HttpParserUpgrade as stop:
                rest = memoryview(rest)[stop.args[0] :]
                head = self._head_without_offer()
                self.parser = HttpRequestParser(self)  # one that stopped after ``Connection: close`` reads no more
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)
            else:
                return

    def _head_without_offer(self) -> bytes:
        """Return the head that was just parsed, to be parsed again: one reading alone frames the message."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise HttpParserError("There is no tunnel here.")
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(fields))

    def _count_fields(self, size: int) -> None:
        """Count what held no byte of a body and began no request: more of a head, of trailers, or empty lines."""
        self._field_bytes += size
        if self._receiving_since is None:
            if not self._busy():
                self._receiving_since = self.loop.time()  # the keep-alive timer was stopped for it
        elif self._field_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The head or the trailers of the request are too large.")

    def on_message_begin(self) -> None:
        """Begin to receive a request, which must be complete within a minute."""
        super().on_message_begin()
        self._only_fields = False
        self._field_bytes = 0
        self._receiving_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Begin the request, unless it is to be parsed again; the connection ends with its answer where it is time."""
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        self.headers = _TRAILERS
        self.scope[ANSWER] = partial(_answer, self.cycle)  # type: ignore[typeddict-unknown-key]
        if self.server_state.draining or self.loop.time() >= self._ends_at:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._only_fields = False
        self._field_bytes = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_response_complete(self) -> None:
        """End the answer; one without a body is still held."""
        cast("_Cork", self.transport).flush()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """End the receiving."""
        if self.parser.should_upgrade():
            return
        self._receiving_since = None
        cycle = self.cycle
        if not self.parser.should_keep_alive():
            cycle.keep_alive = False  # a trailer may have said so: the parser reads no more
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def close_if_stuck(self, now: float) -> None:
        """Close where a request has been on its way for too long, or never came."""
        if self._receiving_since is not None and now - self._receiving_since > RECEIVE_SECONDS:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem document, where it cannot be taken for another request's answer."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                self._close_after(cycle)
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline or cycle.response_started:
                self.transport.close()
                return
        document = msgspec.json.encode(Problem(400, "bad_request", msg).document(None))
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(document), document)
        )
        self._hang_up()

    def _hang_up(self) -> None:
        """Say no more, and close once the client has, or soon: to close on what it still sends destroys the answer."""
        self._refused = True
        cast("_Cork", self.transport).flush()
        self.transport.write_eof()
        self.loop.call_later(SILENCE_SECONDS, self.transport.close)

    def _close_after(self, cycle: RequestResponseCycle) -> None:
        """Close once the whole requests before a faulty one, of which ``cycle`` is the last, are answered."""
        cycle.keep_alive = False
        self.flow.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.server_state.look()

    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def close_when_silent(self, seconds: float) -> None:
        """Close ``seconds`` from now unless a request comes; one that is being served ends by its own answer."""
        if self._busy():
            self.cycle.keep_alive = False
            return
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


class _State(ServerState):
    """What the connections share, and who waits for the last of them to go."""

    def __init__(self, life_seconds: tuple[float, float]) -> None:
        super().__init__()
        self.life_seconds = life_seconds
        self.draining = False
        self._waiting: asyncio.Event | None = None

    async def emptied(self) -> None:
        """Return once there are no connections."""
        self._waiting = asyncio.Event()
        self.look()
        await self._waiting.wait()

    def look(self) -> None:
        """Tell the one who waits, where the last connection has gone."""
        if self._waiting is not None and not self.connections:
            self._waiting.set()


class Listener:
    """Serves one ASGI application on sockets that were already bound.

    A connection lives for between ``life_seconds``, drawn for each.
    """

    def __init__(
        self, app: ASGIApp, sockets: Sequence[socket.socket], *, life_seconds: tuple[float, float] = LIFE_SECONDS
    ) -> None:
        self._config = Config(
            cast("ASGIApplication", app),
            loop="none",
            http=_Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        self._state = _State(life_seconds)
        self._acceptors = [Acceptor(listening, self._connection, self._held) for listening in sockets]
        self._tick: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._each_second(asyncio.get_running_loop())
        for acceptor in self._acceptors:
            acceptor.start()

    async def drain(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        """Stop accepting, let every request be answered, close connections once they are silent; at most 18 s."""
        self._state.draining = True
        for acceptor in self._acceptors:
            await acceptor.stop()
        for connection in self._connections():
            connection.close_when_silent(silence_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._state.emptied()
                await self._finished()
        self._abort_rest()
        if self._tick is not None:
            self._tick.cancel()

    def _connection(self) -> _Connection:
        return _Connection(self._config, self._state, {})

    def _held(self) -> int:
        return len(self._state.connections)

    def _connections(self) -> list[_Connection]:
        return [connection for connection in self._state.connections if isinstance(connection, _Connection)]

    async def _finished(self) -> None:
        """Return once nothing is under way for clients that have gone either, or soon."""
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=ABANDONED_SECONDS)

    def _abort_rest(self) -> None:
        rest = self._connections()
        if rest:
            _log.warning("connections_aborted", count=len(rest), after_seconds=DRAIN_SECONDS)
        for connection in rest:
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()

    def _each_second(self, loop: asyncio.AbstractEventLoop) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        for connection in self._connections():
            connection.close_if_stuck(loop.time())
        self._tick = loop.call_later(until_beat(_TICK_SECONDS, loop.time()), self._each_second, loop)


def bound_socket(port: int = 0) -> socket.socket:
    """Return a socket that listens on the loopback address; port 0 takes a free one."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def inherited_sockets(fds: str) -> list[socket.socket]:
    """Return the listening sockets of a comma-separated list of file descriptors."""
    sockets = [socket.socket(fileno=int(fd)) for fd in fds.split(",") if fd.strip()]
    for inherited in sockets:
        inherited.setblocking(False)
    return sockets
