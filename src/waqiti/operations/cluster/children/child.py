"""One operating-system process under supervision: started by us, or adopted from a supervisor that was killed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.state.processes import ProcessRef, parent_of

DRAIN_SECONDS: Final = 20.0
_KILLED_SECONDS: Final = 10.0
_LOG_MODE: Final = 0o600


@dataclass(frozen=True)
class Credential:
    """The user and group that a process runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Child:
    """A process; ``popen`` where it is ours to reap."""

    ref: ProcessRef
    popen: subprocess.Popen[bytes] | None
    exits: HandedOnExits

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
        async with asyncio.timeout(_KILLED_SECONDS):
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
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _LOG_MODE)
    try:
        popen = subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=descriptors,
            user=credential.uid if credential else None,
            group=credential.gid if credential else None,
            extra_groups=[] if credential else None,
        )
    finally:
        os.close(output)
    return Child(ProcessRef.of(popen.pid), popen, exits)


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
