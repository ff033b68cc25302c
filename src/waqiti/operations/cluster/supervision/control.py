"""The supervisor's ear: one request a connection, one JSON line each way, over a socket in the state directory."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from waqiti.operations.cluster.revisions import Resources
from waqiti.operations.cluster.workloads import Author
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout

Command = Literal["restart", "scale", "set", "deploy", "undo"]

_TIMEOUT_SECONDS: Final = 5.0
# Longer than the request is good for: one that was begun just in time is waited for.
_ANSWER_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.05
_LONGEST_LINE_BYTES: Final = 65536


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor is asked to do with a deployment, by whom and why.

    ``replicas`` is for scale, ``environment`` (None removes) and ``resources`` for set, ``release`` for deploy, ``to``
    for undo. A request that comes twice under one ``id`` is one change; one that is begun after ``deadline_ns``, of the
    monotonic clock, is none.
    """

    command: Command
    name: str
    id: str
    by: Author
    replicas: int = 0
    environment: dict[str, str | None] = {}
    resources: Resources | None = None
    release: str = ""
    to: int | None = None
    deadline_ns: int = 0


class ControlReply(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the change that was begun, or that does so already; 0 where there is nothing to do. Or why not."""

    change: int = 0
    is_new: bool = False
    error: str | None = None
    exit_code: int = FAILED


Handle = Callable[[ControlRequest], Awaitable[ControlReply]]


async def serve_control(layout: Layout, handle: Handle) -> asyncio.Server:
    """Answer requests with ``handle`` until the server is closed."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                writer.write(await _answer(await reader.readline(), handle) + b"\n")
                await writer.drain()
        writer.close()

    with _short_path(layout) as path:
        return await asyncio.start_unix_server(converse, path, limit=_LONGEST_LINE_BYTES)


def ask_supervisor(layout: Layout, request: ControlRequest) -> ControlReply:
    """Send a request; a supervisor that is being healed is waited for, up to 5 s, and one that hangs does it no more.

    Raises:
        ClusterError: no supervisor answers, it refuses, or the request is too long for it.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    request = replace(request, deadline_ns=int(deadline * 10**9))
    if len(msgspec.json.encode(request)) >= _LONGEST_LINE_BYTES:
        raise ClusterError(f"That is more than a request of {_LONGEST_LINE_BYTES} bytes: do it in parts", WRONG_USE)
    while True:
        try:
            return _accepted(_ask_once(layout, request, deadline - time.monotonic() + _ANSWER_SECONDS))
        except (OSError, msgspec.DecodeError) as error:
            if time.monotonic() > deadline:
                raise ClusterError(f"The supervisor does not answer ({error}): see {layout.log('init')}") from error
            time.sleep(_RETRY_SECONDS)


def _accepted(reply: ControlReply) -> ControlReply:
    if reply.error is not None:
        raise ClusterError(reply.error, reply.exit_code)
    return reply


async def _answer(line: bytes, handle: Handle) -> bytes:
    try:
        request = msgspec.json.decode(line, type=ControlRequest)
        reply = await handle(request) if not is_late(request) else too_late(request)
    except msgspec.MsgspecError as error:
        sentence = f"The supervisor does not understand the request ({error}): is it of another version of waqiti?"
        reply = ControlReply(error=f"{sentence} waqiti down, then waqiti up, has both of one", exit_code=REFUSED)
    return msgspec.json.encode(reply)


def is_late(request: ControlRequest) -> bool:
    """Say whether whoever asked has given up by now."""
    return time.monotonic_ns() > request.deadline_ns


def too_late(request: ControlRequest) -> ControlReply:
    """Return the answer to a request that was not begun in time."""
    return ControlReply(error=f"The {request.command} of {request.name} came too late and was not begun: try again")


def _ask_once(layout: Layout, request: ControlRequest, timeout_seconds: float) -> ControlReply:
    with socket.socket(socket.AF_UNIX) as connection, _short_path(layout) as path:
        connection.settimeout(timeout_seconds)
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
