"""The two clients: one connection per request, and kept connections. Neither tries anything again."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from bench.drops.exchange import Answer, Connection, Drop, connect

KEPT: Final = 16
SILENCE_SECONDS: Final = 2.0
"""A server that ends closes idle connections after so much silence, and not before."""


class Client(Protocol):
    """Sends a request once: its lines and headers without the empty line that ends them, and its body."""

    name: str

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Return the answer; raises ``Drop``."""


class FreshClient:
    """One connection per request."""

    name = "fresh"

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Connect, ask, close."""
        connection = await connect(self._host, self._port)
        try:
            return await connection.ask(b"%b\r\nconnection: close\r\n\r\n%b" % (head, body))
        finally:
            connection.close()


class KeptClient:
    """Sixteen connections in turn, each opened again after an answer that says ``Connection: close``.

    A connection that is closed between two requests is opened again too, and told of where that was too early.
    """

    name = "kept"

    def __init__(self, host: str, port: int, closed_early: Callable[[Drop], None]) -> None:
        self._host, self._port = host, port
        self._closed_early = closed_early
        self._free: asyncio.Queue[Connection | None] = asyncio.Queue(KEPT)
        for _ in range(KEPT):
            self._free.put_nowait(None)

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Ask on the connection that was idle for longest; wait where all are in use."""
        former, kept = await self._free.get(), None
        try:
            connection = await self._usable(former)
            answer = await connection.ask(b"%b\r\n\r\n%b" % (head, body))
            if answer.closes:
                connection.close()
            else:
                kept = connection
            return answer
        finally:
            self._free.put_nowait(kept)

    def close(self) -> None:
        """Close the idle connections."""
        while not self._free.empty():
            kept = self._free.get_nowait()
            if kept is not None:
                kept.close()

    async def _usable(self, kept: Connection | None) -> Connection:
        if kept is not None and not kept.closed:
            return kept
        if kept is not None:
            idle = time.monotonic() - kept.idle_since
            if idle < SILENCE_SECONDS:
                self._closed_early(Drop("closed_early", f"closed within {idle:.3f} s of its last answer"))
        return await connect(self._host, self._port)
