"""A TCP proxy between the product and a server: it can refuse, hang, and cut what is connected."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_CHUNK: Final = 65_536


class TcpProxy:
    """Forwards to ``host:port``; ``hang`` stops the bytes, ``refuse`` closes the port and cuts connections."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._answering = asyncio.Event()
        self._answering.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the port and cut every connection, as a killed server does."""
        assert self._server is not None
        self._server.close()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self.flow()

    async def turn(self, url: str) -> None:
        """Forward to another server from now on, as after a failover; what is connected is cut."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        await self.refuse()
        self._target = (parts.hostname, parts.port)
        await self.start()

    def hang(self) -> None:
        """Pass no byte on until ``flow``, as a stopped server does."""
        self._flowing.clear()

    def lose_answers(self) -> None:
        """Pass on what clients send, but nothing of what the server answers, until ``flow``."""
        self._answering.clear()

    def flow(self) -> None:
        """Pass bytes on again."""
        self._flowing.set()
        self._answering.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pump = asyncio.create_task(self._connect(reader, writer))
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)
        # Also of one that is cut before it had begun, or while it was connecting.
        pump.add_done_callback(lambda _: writer.transport.abort())

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        both = [
            asyncio.create_task(self._pump(reader, there_writer, self._flowing)),
            asyncio.create_task(self._pump(there_reader, writer, self._answering)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # First, for whoever cuts this one while it ends cancels what is awaited.
            for end in (writer, there_writer):
                end.transport.abort()
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event) -> None:
        while data := await reader.read(_CHUNK):
            await self._flowing.wait()
            await passing.wait()
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[str, TcpProxy]]:
    """Put a proxy before the server of ``url``; yield the address through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = TcpProxy(parts.hostname, parts.port)
    await proxy.start()
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}")), proxy
    finally:
        await proxy.refuse()
