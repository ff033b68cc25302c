"""What is done to the platform meanwhile: each operation as an operator does it, until it says that it is complete."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from waqiti.contracts.catalog import DEPLOYMENTS, FRAUD
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.status import ClusterStatus, cluster_status

_REASON: Final = "The benchmark of drops."
_COMMAND_SECONDS: Final = 180.0
_HEAL_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_DATABASES: Final = tuple(row.name for row in DEPLOYMENTS if row.database is not None)


class OperationFailed(Exception):
    """A command that did not do what it was told, or a platform that did not heal."""


class Commands:
    """Runs ``waqiti`` on one state directory."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @property
    def status(self) -> ClusterStatus:
        """What runs."""
        return cluster_status(Layout(self._state))

    async def run(self, *arguments: str) -> str:
        """Run a command, wait for its end and return what was run.

        Raises:
            OperationFailed: it exited with something else than 0, or not within three minutes.
        """
        await self.document(*arguments)
        return " ".join(arguments)

    async def document(self, *arguments: str) -> bytes:
        """Run a command and return what it printed.

        Raises:
            OperationFailed: it exited with something else than 0, or not within three minutes.
        """
        environment = {**os.environ, "WAQITI_STATE": str(self._state)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "waqiti", *arguments),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said = " ".join(arguments)
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                printed, messages = await process.communicate()
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise OperationFailed(f"{said}: not within {_COMMAND_SECONDS:g} s") from error
        if process.returncode != 0:
            raise OperationFailed(f"{said}: exit {process.returncode}: {messages.decode(errors='replace')[-400:]}")
        return printed


class Operation(msgspec.Struct, frozen=True):
    """``run`` does it once and returns what exactly was done."""

    name: str
    run: Callable[[Commands, random.Random], Awaitable[str]]


def restart(deployment: str) -> Operation:
    """Replace every replica of a deployment."""

    async def run(commands: Commands, _chance: random.Random) -> str:
        return await commands.run("cluster", "restart", deployment)

    return Operation("restart", run)


def switch(name: str, values: tuple[str, ...], services: tuple[str, ...] = ()) -> Operation:
    """Set a switch to one of ``values``, for one of ``services`` where there are any; now and then let go of it."""

    async def run(commands: Commands, chance: random.Random) -> str:
        one = ("--service", chance.choice(services)) if services else ()
        what = ("unset", name) if chance.random() < 0.25 else ("set", name, chance.choice(values))
        return await commands.run("switch", *what, *one, "--reason", _REASON)

    return Operation("pool" if name.startswith("DB_POOL") else "switch", run)


async def _kill_supervisor(commands: Commands, _chance: random.Random) -> str:
    victim = _kill(commands.status.supervisor.pid)
    await _healed(lambda: commands.status.supervisor.ready and commands.status.supervisor.pid != victim)
    return f"kill -9 {victim}"


async def _kill_init(commands: Commands, _chance: random.Random) -> str:
    victim = _kill(commands.status.init.pid)
    await commands.run("up", "-d")
    await _healed(lambda: commands.status.supervisor.ready and commands.status.init.pid not in {None, victim})
    return f"kill -9 {victim}, up"


def _kill(pid: int | None) -> int:
    if pid is None:
        raise OperationFailed("there is none to kill")
    os.kill(pid, signal.SIGKILL)
    return pid


async def _healed(healthy: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _HEAL_SECONDS
    while not healthy():
        if time.monotonic() > deadline:
            raise OperationFailed(f"not healed within {_HEAL_SECONDS:g} s")
        await asyncio.sleep(_LOOK_SECONDS)


SUPERVISOR_KILL: Final = Operation("supervisor-kill", _kill_supervisor)
INIT_KILL: Final = Operation("init-kill", _kill_init)
ROUND: Final = (
    *(restart(row.name) for row in DEPLOYMENTS),
    SUPERVISOR_KILL,
    SUPERVISOR_KILL,
    INIT_KILL,
    switch("LOG_LEVEL", ("DEBUG", "INFO", "WARNING")),
    switch("SECURITY_AUDIT", ("true", "false")),
    switch("MANUAL_REVIEW_MODE", ("true", "false")),
    switch("MANUAL_REVIEW_THRESHOLD", ("0.97", "0.98", "0.99")),
    switch("FRAUD_THRESHOLD", ("0.995", "0.999", "1"), (FRAUD,)),
    switch("DB_POOL_MAX_SIZE", ("3", "4", "5", "6", "7", "8")),
    switch("DB_POOL_MAX_SIZE", ("3", "4", "5", "6", "7", "8"), _DATABASES),
    switch("DB_POOL_MIN_IDLE", ("0", "1", "2", "3"), _DATABASES),
)
"""One round of operations; each is done as often as it stands here before the next round begins."""
