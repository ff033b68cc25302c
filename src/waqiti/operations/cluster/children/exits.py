"""How the processes of a supervisor's predecessor ended, as init hands it on."""

import asyncio
import os
from collections import OrderedDict
from typing import Final

_KEPT: Final = 1024
_READ_BYTES: Final = 65536
_WAIT_SECONDS: Final = 1.0


class HandedOnExits:
    """Reads ``pid status seconds`` lines from init's pipe; statuses are exit codes, or minus the signal's number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._statuses: OrderedDict[int, int] = OrderedDict()
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._rest = b""

    def start(self) -> None:
        """Begin to read; what was written before is there at once."""
        os.set_blocking(self._descriptor, False)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        self._read()

    async def status_of(self, pid: int) -> int | None:
        """Return how a process that has ended did so; None where nobody knows."""
        if pid in self._statuses:
            return self._statuses.pop(pid)
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[pid] = found
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                return await found
        except TimeoutError:
            return None
        finally:
            del self._waiting[pid]

    def _read(self) -> None:
        try:
            content = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        if not content:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            pid, status, _ = line.split()
            self._take(int(pid), int(status))

    def _take(self, pid: int, status: int) -> None:
        waiting = self._waiting.get(pid)
        if waiting is not None and not waiting.done():
            waiting.set_result(status)
            return
        self._statuses[pid] = status
        while len(self._statuses) > _KEPT:
            self._statuses.popitem(last=False)
