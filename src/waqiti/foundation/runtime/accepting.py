"""Takes connections off a listening socket that several replicas share, so that each gets a fair part of them.

Left to itself an event loop accepts until nobody waits: of 64 connections opened at once over two replicas one was seen
to take 59. Here a replica that holds some takes two more, looks after the others, and leaves the socket to its
neighbours for a millisecond.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from waqiti.foundation.telemetry import logger

FREELY: Final = 8
_AT_ONCE: Final = 2
_PAUSE_SECONDS: Final = 0.001
_EXHAUSTED_SECONDS: Final = 0.1

_log = logger(__name__)


class Acceptor:
    """``held`` tells how many connections the replica has already."""

    def __init__(
        self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol], held: Callable[[], int]
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._held = held
        self._beginning: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._pause = None
        asyncio.get_running_loop().add_reader(self._listening, self._accept)

    async def stop(self) -> None:
        """Accept no more and close this process's hold of the socket; what was accepted is served."""
        if self._pause is not None:
            self._pause.cancel()
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        await asyncio.gather(*self._beginning)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Too many open files: whoever waits is served once some have closed.
                _log.warning("accept_failed", reason=str(error))
                self._rest(_EXHAUSTED_SECONDS)
                return
            self._begin(connection)
        if self._held() + len(self._beginning) >= FREELY:
            self._rest(_PAUSE_SECONDS)

    def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _serve(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()  # the client was gone before it was greeted

    def _rest(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        self._pause = loop.call_later(seconds, self.start)
