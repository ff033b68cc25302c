"""Reads a request's body within its bounds.

What is over the limit is read and dropped, up to 16 MiB of it, so that a client that sends first and reads later gets
its answer instead of a reset. All requests of a process together hold no more than ``MAX_HELD_BYTES`` of bodies.
"""

import asyncio
from typing import Final

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.asgi import Receive
from waqiti.foundation.http.exchange import MIB, Incoming

MAX_DROPPED_BYTES: Final = 16 * MIB
MAX_HELD_BYTES: Final = 256 * MIB
_LINGER_SECONDS: Final = 2.0


class Refused(Problem):
    """A request that is answered before it is read to its end: ``unread`` says that the client may still be sending."""

    unread = True


class TooLarge(Refused):
    """413."""

    def __init__(self, limit_bytes: int, *, unread: bool) -> None:
        super().__init__(413, "payload_too_large", f"The body is larger than {limit_bytes} bytes.")
        self.unread = unread


class Crowded(Refused):
    """503: the bodies that are held leave no room for this one."""

    def __init__(self, *, unread: bool) -> None:
        super().__init__(
            503, "overloaded", "Too much is being worked on to take this body.", retryable=True, retry_after_seconds=1
        )
        self.unread = unread


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Room:
    """The bytes of bodies that the requests of this process hold.

    What has come counts. What is only announced does not, or a few who announce much and send nothing would fill it;
    but whoever announces more than there is room for is refused before sending it.
    """

    __slots__ = ("held_bytes", "limit_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    def expect(self, size: int) -> None:
        """Raise ``Crowded`` where ``size`` more would not fit."""
        if self.held_bytes + size > self.limit_bytes:
            raise Crowded(unread=True)

    def take(self, incoming: Incoming, size: int, *, more: bool) -> None:
        """Hold ``size`` more bytes for this request, or raise ``Crowded``."""
        if self.held_bytes + size > self.limit_bytes:
            raise Crowded(unread=more)
        self.held_bytes += size
        incoming.held_bytes += size

    def give_back(self, incoming: Incoming) -> None:
        """Release what was held for this request."""
        self.held_bytes -= incoming.held_bytes
        incoming.held_bytes = 0


ROOM: Final = Room(MAX_HELD_BYTES)


async def read(receive: Receive, incoming: Incoming, limit_bytes: int) -> bytes:
    """Return the whole body; the room it takes is held until it is given back.

    Raises:
        TooLarge: it is over the limit; as much of the rest as the bound allows was dropped.
        Crowded: there is no room for it.
        ClientGone: the connection ended.
    """
    announced = incoming.header(b"content-length")
    if announced is None:
        if incoming.header(b"transfer-encoding") is None:
            return b""
    else:
        if int(announced) > limit_bytes:
            await _refuse(receive, incoming, limit_bytes, 0)
        ROOM.expect(int(announced))
    chunks, size, more = [], 0, True
    while more and size <= limit_bytes:
        body, more = await _next(receive)
        ROOM.take(incoming, len(body), more=more)
        chunks.append(body)
        size += len(body)
    if size > limit_bytes:
        chunks.clear()
        ROOM.give_back(incoming)
        if not more:
            raise TooLarge(limit_bytes, unread=False)
        await _refuse(receive, incoming, limit_bytes, size - limit_bytes)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def drop(receive: Receive, incoming: Incoming, limit_bytes: int) -> bool:
    """Read the body of a request that is refused, and keep none of it.

    Returns whether it was left unread: a client that waits for our word before it sends anything is not asked to.

    Raises:
        TooLarge: it is over the limit, as for ``read``.
        ClientGone: the connection ended.
    """
    if not _has_body(incoming):
        return False
    if incoming.header(b"expect") is not None:
        return True
    more, dropped = True, 0
    while more and dropped <= limit_bytes + MAX_DROPPED_BYTES:
        body, more = await _next(receive)
        dropped += len(body)
    if dropped > limit_bytes:
        raise TooLarge(limit_bytes, unread=more)
    return False


async def linger(receive: Receive) -> None:
    """Drop what a refused client still sends, for two seconds at most, so that it reads its answer before the close."""
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            more = True
            while more:
                _, more = await _next(receive)
    except (TimeoutError, ClientGone):
        return


def _has_body(incoming: Incoming) -> bool:
    return incoming.header(b"content-length") is not None or incoming.header(b"transfer-encoding") is not None


async def _refuse(receive: Receive, incoming: Incoming, limit_bytes: int, dropped: int) -> None:
    if incoming.header(b"expect") is not None:
        # It waits for our word before it sends anything: answering now spares both the transfer.
        raise TooLarge(limit_bytes, unread=True)
    more = True
    allowed = MAX_DROPPED_BYTES + (limit_bytes if dropped == 0 else 0)
    while more and dropped < allowed:
        body, more = await _next(receive)
        dropped += len(body)
    raise TooLarge(limit_bytes, unread=more)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    return message["body"], message["more_body"]
