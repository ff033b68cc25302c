"""A receiver of webhooks that answers as a test wants it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tests.support.scripted_server import Exchange, ScriptedServer


class Message(msgspec.Struct, frozen=True):
    """One webhook as it came: names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def document(self) -> Any:
        return msgspec.json.decode(self.body)


Answering = Callable[[Exchange, int], Awaitable[None]]
"""Answers the n-th message, counted from 1."""


class Receiver:
    """Keeps all messages; the statuses that were asked for are given in turn, then 204 always."""

    def __init__(self, *statuses: int, answering: Answering | None = None) -> None:
        self._statuses = list(statuses)
        self._answering = answering
        self._server = ScriptedServer(self._script)
        self.messages: list[Message] = []
        self.at_once = 0
        self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"{self._server.url}/webhooks?from=waqiti"

    @property
    def port(self) -> int:
        return int(self._server.url.rpartition(":")[2])

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.messages]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Receiver"]:
        async with self._server.running():
            yield self

    async def has(self, count: int, seconds: float = 10.0) -> list[Message]:
        """Wait until ``count`` messages have come."""
        async with asyncio.timeout(seconds):
            while len(self.messages) < count:
                await asyncio.sleep(0.01)
        return self.messages

    async def _script(self, exchange: Exchange) -> None:
        self.messages.append(_read(exchange.request))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._answer(exchange, len(self.messages))
        finally:
            self.at_once -= 1

    async def _answer(self, exchange: Exchange, number: int) -> None:
        if self._answering is not None:
            await self._answering(exchange, number)
        else:
            exchange.answer(b"", self._statuses.pop(0) if self._statuses else 204)


def _read(request: bytes) -> Message:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Message(first.split(" ")[1], headers, body)
