"""One operating-system process under supervision: started by us, or adopted from a supervisor that was killed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.patience import DRAIN_SECONDS, KILLED_SECONDS
from waqiti.operations.cluster.children.starting import Credential, start_logged
from waqiti.operations.state.processes import ProcessRef, parent_of


@dataclass(frozen=True)
class Child:
    """A process; ``popen`` where it is ours to reap. ``log_begins_at`` bytes of its log were there before it."""

    ref: ProcessRef
    popen: subprocess.Popen[bytes] | None
    exits: HandedOnExits
    log_begins_at: int = 0

    async def wait(self) -> int | None:
        """Wait for its end; return its exit code, minus a signal's number, or None where nobody knows."""
        outside = parent_of(self.ref.pid) not in {None, os.getppid()}
        await _ended(self.ref)
        if self.popen is not None:
            return self.popen.wait()
        if outside:
            # The init that was its ancestor was killed: nobody hands on how it ended.
            return None
        return await self.exits.status_of(self.ref.pid)

    async def stop(self, number: signal.Signals = signal.SIGTERM, patience_seconds: float = DRAIN_SECONDS) -> None:
        """Ask it to end, and kill it where it has not within ``patience_seconds``."""
        self.ref.send(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                await _ended(self.ref)
        self.ref.send(signal.SIGKILL)
        async with asyncio.timeout(KILLED_SECONDS):
            await _ended(self.ref)


def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    directory: Path,
    exits: HandedOnExits,
    descriptors: Sequence[int] = (),
    credential: Credential | None = None,
) -> Child:
    """Start a process in a session of its own, its output appended to ``log``.

    Raises:
        OSError: the log cannot be written, or the command cannot be run.
    """
    log_begins_at = log.stat().st_size if log.exists() else 0
    popen = start_logged(
        command,
        environment=environment,
        log=log,
        directory=directory,
        descriptors=descriptors,
        credential=credential,
    )
    return Child(ProcessRef.of(popen.pid), popen, exits, log_begins_at)


async def _ended(ref: ProcessRef) -> None:
    try:
        descriptor = os.pidfd_open(ref.pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(descriptor, _resolve, ended)
    try:
        if ref.alive:
            await ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
