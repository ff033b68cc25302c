"""A server that misbehaves to order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Script = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request as it arrived, and the connection that it came by."""

    def __init__(self, number: int, connection: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.connection = connection
        self.request = request
        self.writer = writer

    def answer(self, body: bytes = b"{}", status: int = 200, *lines: str) -> None:
        """Send a whole answer."""
        head = [f"HTTP/1.1 {status} Word", "content-type: application/json", f"content-length: {len(body)}", *lines]
        self.writer.write("\r\n".join([*head, "", ""]).encode() + body)

    def abort(self) -> None:
        """End the connection with a reset."""
        self.writer.transport.abort()


class ScriptedServer:
    """``script`` is called for each request; ``requests`` are all that came."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[Exchange] = []
        self.connections = 0
        self.open = 0
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        """Serve on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        connection = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                exchange = Exchange(len(self.requests) + 1, connection, head + body, writer)
                self.requests.append(exchange)
                await self._script(exchange)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
