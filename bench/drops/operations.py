"""What is done to the platform meanwhile: each operation as an operator does it, until it says that it is complete."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from bench.drops import changes
from bench.drops.commands import Commands, OperationFailed
from waqiti.contracts.catalog import DEPLOYMENTS, FRAUD

_REASON: Final = "The benchmark of drops."
_HEAL_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_DATABASES: Final = tuple(row.name for row in DEPLOYMENTS if row.database is not None)
_POOLS: Final = ("2", "3", "4")
"""Sizes that leave room for a second replica, and for one more while they are replaced."""


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
    Operation("scale", changes.scale),
    Operation("scale", changes.scale),
    Operation("scale", changes.scale),
    Operation("set", changes.put),
    Operation("deploy", changes.deploy),
    Operation("undo", changes.undo),
    switch("LOG_LEVEL", ("DEBUG", "INFO", "WARNING")),
    switch("SECURITY_AUDIT", ("true", "false")),
    switch("MANUAL_REVIEW_MODE", ("true", "false")),
    switch("MANUAL_REVIEW_THRESHOLD", ("0.97", "0.98", "0.99")),
    switch("FRAUD_THRESHOLD", ("0.995", "0.999", "1"), (FRAUD,)),
    switch("DB_POOL_MAX_SIZE", _POOLS),
    switch("DB_POOL_MAX_SIZE", _POOLS, _DATABASES),
    switch("DB_POOL_MIN_IDLE", ("0", "1", "2", "3"), _DATABASES),
)
"""One round of operations; each is done as often as it stands here before the next round begins."""
