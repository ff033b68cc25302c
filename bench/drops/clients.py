"""The two clients: one connection per request, and kept connections. Neither tries anything again."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from bench.drops.exchange import Answer, Connection, Drop, connect

KEPT: Final = 16
SILENCE_SECONDS: Final = 2.0
"""A server that ends closes idle connections after so much silence, and not before."""


class Client(Protocol):
    """Sends requests, each once: lines and headers without the empty line that ends them, and a body."""

    name: str

    async def turn(self) -> None:
        """Wait until a request may be sent; it is then sent at once."""

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Return the answer; raises ``Drop``."""


class FreshClient:
    """One connection per request."""

    name = "fresh"

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def turn(self) -> None:
        """Nothing to wait for."""

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
        self._turns = asyncio.Semaphore(KEPT)
        self._free: deque[Connection | None] = deque([None] * KEPT)

    async def turn(self) -> None:
        """Wait where all connections are in use."""
        await self._turns.acquire()

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Ask on the connection that was idle for longest."""
        former, kept = self._free.popleft(), None
        try:
            connection = await self._usable(former)
            answer = await connection.ask(b"%b\r\n\r\n%b" % (head, body))
            if answer.closes:
                connection.close()
            else:
                kept = connection
            return answer
        finally:
            self._free.append(kept)
            self._turns.release()

    def close(self) -> None:
        """Close the idle connections."""
        for kept in self._free:
            if kept is not None:
                kept.close()

    async def _usable(self, kept: Connection | None) -> Connection:
        if kept is not None and not kept.closed:
            return kept
        if kept is not None:
            idle = kept.closed_at - kept.idle_since
            if idle < SILENCE_SECONDS:
                self._closed_early(Drop("closed_early", f"closed within {idle:.3f} s of its last answer"))
        return await connect(self._host, self._port)
