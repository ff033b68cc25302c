"""Keeps one process of a replica running: starts it, watches it, restarts it, and stops it when told to."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

from waqiti.foundation.clock import utc_now
from waqiti.foundation.pausing import until_beat
from waqiti.operations.cluster.children.child import Child
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.probes import Seen
from waqiti.operations.cluster.supervision.backoff import LONGEST_PAUSE_SECONDS, Backoff
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.record import LastExit, ProcessRecord, Reason, Role

# A process that has never answered gets more time: it may share a busy machine with eight others that start.
FIRST_ANSWER_FACTOR: Final = 2
STARTING_SECONDS: Final = 60.0
LOOK_STARTING_SECONDS: Final = 0.1
LOOK_UNREADY_SECONDS: Final = 0.5
LOOK_READY_SECONDS: Final = 2.0
_SPAWN_RETRY_SECONDS: Final = 1.0
_HELD_BACK_SECONDS: Final = 0.5
_MOST_FAILED_STARTS: Final = 5  # 32 s


Look = Callable[[], Awaitable[Seen]]


class Starter(Protocol):
    """Starts one process of a replica, and says how to watch it."""

    async def start(self) -> tuple[Child, int | None]:
        """Start it; return it and its own port, where it has one."""
        ...

    def watch(self, port: int | None) -> Look:
        """Return how to look at it."""
        ...

    def failed(self, why: str) -> None:
        """Take note that it could not be started."""
        ...

    def ended(self, child: Child, last: LastExit) -> None:
        """Take note of its end."""
        ...


class ProcessKeeper:
    """One process, over all its restarts; ``changed`` is called whenever ``record()`` says something new.

    While ``held_back`` says so, a process that has ended is not started again, nor one killed that hangs.
    """

    def __init__(
        self,
        role: Role,
        starter: Starter,
        exits: HandedOnExits,
        *,
        liveness_seconds: float,
        changed: Callable[[], None],
        held_back: Callable[[], bool] = lambda: False,
    ) -> None:
        self.role = role
        self.ready = False
        self._was_ready = False
        self.looping = False
        self._starter = starter
        self._exits = exits
        self._liveness_seconds = liveness_seconds
        self._changed = changed
        self._held_back = held_back
        self._backoff = Backoff()
        self._failed_starts = 0
        self._child: Child | None = None
        self._started_at: datetime | None = None
        self._port: int | None = None
        self._restarts = 0
        self._last_exit: LastExit | None = None
        self._killed_because: Reason | None = None
        self._stopping = asyncio.Event()

    def adopt(self, former: ProcessRecord) -> None:
        """Go on with the process of a supervisor that was killed, dead or alive."""
        self._started_at, self._port = former.started_at, former.port
        self._restarts, self._last_exit = former.restarts, former.last_exit
        if former.ref is not None:
            self._child = Child(former.ref, None, self._exits)
            self.ready = former.ready and former.ref.alive
            self._was_ready = former.was_ready

    def record(self) -> ProcessRecord:
        """Return what is known of it."""
        return ProcessRecord(
            role=self.role,
            ref=self._child.ref if self._child else None,
            started_at=self._started_at,
            port=self._port,
            ready=self.ready,
            was_ready=self._was_ready,
            looping=self.looping,
            restarts=self._restarts,
            last_exit=self._last_exit,
        )

    async def run(self) -> None:
        """Keep it running until it is stopped, then drain it."""
        while self._child is not None or not self._stopping.is_set():
            child = self._child or await self._start()
            if child is None:
                continue
            code = await self._until_end(child)
            self._note_end(child, code)
            if not self._stopping.is_set():
                await self._pause()

    def stop(self) -> None:
        """Have it drained: SIGTERM, and SIGKILL after 20 s. ``run`` returns when it is gone."""
        self._stopping.set()

    @property
    def memory_bytes(self) -> int:
        """Memory that only its process uses."""
        return self._child.ref.memory_bytes if self._child else 0

    def kill(self, because: Reason) -> None:
        """End its process by SIGKILL, for a reason that is told; another is started."""
        if self._child is not None:
            self._killed_because = because
            self._child.ref.send(signal.SIGKILL)

    async def _start(self) -> Child | None:
        if self._last_exit is not None and self._held_back():
            await self._sleep(_HELD_BACK_SECONDS)
            return None
        try:
            self._child, self._port = await self._starter.start()
        except (OSError, ClusterError) as error:
            self._starter.failed(str(error))
            await self._sleep(min(_SPAWN_RETRY_SECONDS * 2**self._failed_starts, LONGEST_PAUSE_SECONDS))
            self._failed_starts = min(self._failed_starts + 1, _MOST_FAILED_STARTS)
            return None
        self._failed_starts = 0
        self._started_at = utc_now()
        self._changed()
        return self._child

    async def _until_end(self, child: Child) -> int | None:
        ended = asyncio.create_task(child.wait())
        watching = asyncio.create_task(self._watch(child))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await child.stop()
            return await ended
        finally:
            for task in (watching, stopping):
                task.cancel()
            await asyncio.gather(watching, stopping, return_exceptions=True)

    async def _watch(self, child: Child) -> None:
        look = self._starter.watch(self._port)
        answered_at = began = time.monotonic()
        patience_seconds = FIRST_ANSWER_FACTOR * self._liveness_seconds
        ready_since: float | None = None
        while True:
            seen = await look()
            looked_at = time.monotonic()
            if seen.answered:
                answered_at, patience_seconds = looked_at, self._liveness_seconds
            elif looked_at - answered_at > patience_seconds and not self._held_back():
                self._killed_because = "Liveness"
                child.ref.send(signal.SIGKILL)
            ready_since = (ready_since or looked_at) if seen.ready else None
            self._note_ready(seen.ready, 0.0 if ready_since is None else looked_at - ready_since)
            await asyncio.sleep(_look_again_after(seen, looked_at - began))

    def _note_ready(self, ready: bool, ready_seconds: float) -> None:
        self._backoff.steady(ready_seconds)
        looping = self._backoff.looping and not ready
        if (ready, looping) != (self.ready, self.looping):
            self.ready, self.looping = ready, looping
            self._was_ready = self._was_ready or ready
            self._changed()

    def _note_end(self, child: Child, code: int | None) -> None:
        self._last_exit = _exit_of(code, self._killed_because, asked=self._stopping.is_set())
        self._killed_because = None
        self._child, self._port = None, None
        self.ready = self._was_ready = False
        self._starter.ended(child, self._last_exit)
        self._changed()

    async def _pause(self) -> None:
        pause_seconds = self._backoff.pause_after_exit(time.monotonic())
        self.looping = self._backoff.looping
        self._restarts += 1
        self._changed()
        await self._sleep(pause_seconds)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _look_again_after(seen: Seen, age_seconds: float) -> float:
    if seen.ready:
        return until_beat(LOOK_READY_SECONDS, time.monotonic())
    return LOOK_STARTING_SECONDS if age_seconds < STARTING_SECONDS else LOOK_UNREADY_SECONDS


def _exit_of(code: int | None, killed_because: Reason | None, *, asked: bool) -> LastExit:
    if code is not None and code < 0:
        return LastExit(None, -code, killed_because or "Error", utc_now())
    # Where nobody could learn how a process ended, one that was asked to end did as it was asked.
    completed = code == 0 or (code is None and asked)
    return LastExit(code, None, killed_because or ("Completed" if completed else "Error"), utc_now())
