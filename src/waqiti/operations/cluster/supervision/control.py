"""The supervisor's ear: one request a connection, one JSON line each way, over a socket in the state directory."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

import msgspec

from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.layout import Layout

_TIMEOUT_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.05
_LONGEST_LINE_BYTES: Final = 65536


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor is asked to do with a deployment."""

    command: Literal["restart"]
    name: str


class ControlReply(msgspec.Struct, frozen=True, kw_only=True):
    """The generation that was begun, or why not."""

    generation: int = 0
    error: str | None = None


Handle = Callable[[ControlRequest], ControlReply]


async def serve_control(layout: Layout, handle: Handle) -> asyncio.Server:
    """Answer requests with ``handle`` until the server is closed."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                writer.write(_answer(await reader.readline(), handle) + b"\n")
                await writer.drain()
        writer.close()

    with _short_path(layout) as path:
        return await asyncio.start_unix_server(converse, path, limit=_LONGEST_LINE_BYTES)


def ask_supervisor(layout: Layout, request: ControlRequest) -> ControlReply:
    """Send a request; a supervisor that is being healed is waited for, up to 5 s.

    Raises:
        ClusterError: no supervisor answers.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            return _ask_once(layout, request)
        except (OSError, msgspec.DecodeError) as error:
            if time.monotonic() > deadline:
                raise ClusterError(f"The supervisor does not answer ({error}): see {layout.log('init')}") from error
            time.sleep(_RETRY_SECONDS)


def _answer(line: bytes, handle: Handle) -> bytes:
    try:
        reply = handle(msgspec.json.decode(line, type=ControlRequest))
    except msgspec.MsgspecError as error:
        reply = ControlReply(error=str(error))
    return msgspec.json.encode(reply)


def _ask_once(layout: Layout, request: ControlRequest) -> ControlReply:
    with socket.socket(socket.AF_UNIX) as connection, _short_path(layout) as path:
        connection.settimeout(_TIMEOUT_SECONDS)
        connection.connect(path)
        connection.sendall(msgspec.json.encode(request) + b"\n")
        with connection.makefile("rb") as answer:
            return msgspec.json.decode(answer.readline(_LONGEST_LINE_BYTES), type=ControlReply)


@contextmanager
def _short_path(layout: Layout) -> Iterator[str]:
    """Name the socket through an open directory: its own path may exceed the 107 bytes of a socket's name."""
    directory = os.open(layout.cluster, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{layout.control_socket.name}"
    finally:
        os.close(directory)
