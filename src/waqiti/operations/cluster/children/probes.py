"""What the supervisor asks its processes: over HTTP on a replica's own port, by a heartbeat file, or as PostgreSQL."""

import asyncio
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.children.patience import FRESH_SECONDS

TIMEOUT_SECONDS: Final = 2.0
_READY: Final = 200
_PROTOCOL: Final = 3 << 16
_STATUS_LINE: Final = 12
_READ_BYTES: Final = 4096


@dataclass(frozen=True)
class Seen:
    """What one look at a process showed: a sign of life, and whether it is ready."""

    answered: bool
    ready: bool


async def http_status(port: int, path: str) -> int | None:
    """Return the status that ``GET path`` answers with; None where nothing answers within 2 s."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: waqiti-supervisor\r\nConnection: close\r\n\r\n"
    line = await _ask_replica(port, request.encode(), _STATUS_LINE)
    return int(line[9:12]) if line is not None and line[9:12].isdigit() else None


async def look_at_http(port: int, readiness: str, liveness: str) -> Seen:
    """Return what a replica says of itself; any answer is a sign of life."""
    status = await http_status(port, readiness)
    if status is None:
        status = await http_status(port, liveness)
        return Seen(answered=status is not None, ready=False)
    return Seen(answered=True, ready=status == _READY)


async def look_at_postgres(host: str, port: int) -> Seen:
    """Return what a server says: it asks for authentication as soon as it accepts connections, and refuses before."""
    parameters = b"user\0waqiti\0database\0postgres\0\0"
    startup = struct.pack("!II", len(parameters) + 8, _PROTOCOL) + parameters
    answer = await _ask_server(host, port, startup, 1)
    return Seen(answered=answer is not None, ready=answer == b"R")


class Heartbeat:
    """Watches the file that a process touches; only changes count, so that a clock set back or forth harms nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._touched_ns = self._read()
        fresh = self._touched_ns is not None and abs(time.time_ns() - self._touched_ns) < FRESH_SECONDS * 10**9
        self._changed_at = time.monotonic() if fresh else None

    def look(self) -> Seen:
        """Return whether the file was touched since the last look, and whether that is at most 5 s ago."""
        touched_ns = self._read()
        touched = touched_ns is not None and touched_ns != self._touched_ns
        if touched:
            self._touched_ns, self._changed_at = touched_ns, time.monotonic()
        ready = self._changed_at is not None and time.monotonic() - self._changed_at < FRESH_SECONDS
        return Seen(answered=touched, ready=ready)

    def _read(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None


async def _ask_replica(port: int, request: bytes, answer_bytes: int) -> bytes | None:
    """Ask without a stream: to look at all replicas every other second is most of what an idle supervisor does."""
    loop = asyncio.get_running_loop()
    with socket.socket() as asking:
        asking.setblocking(False)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await loop.sock_connect(asking, ("127.0.0.1", port))
                await loop.sock_sendall(asking, request)
                return await _received(loop, asking, answer_bytes)
        except (OSError, TimeoutError):
            return None


async def _received(loop: asyncio.AbstractEventLoop, asking: socket.socket, size: int) -> bytes | None:
    answer = b""
    while len(answer) < size:
        part = await loop.sock_recv(asking, _READ_BYTES)
        if not part:
            return None
        answer += part
    return answer[:size]


async def _ask_server(host: str, port: int, request: bytes, answer_bytes: int) -> bytes | None:
    """Ask a server by its name or address, which may be any."""
    writer = None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            return await reader.readexactly(answer_bytes)
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        return None
    finally:
        if writer is not None:
            writer.close()
