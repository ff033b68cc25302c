"""Changes of what runs: another number of replicas, other variables, another release, and back again."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path
from typing import Final

import waqiti
from bench.drops.commands import Commands
from waqiti.contracts.catalog import DEPLOYMENTS

_NAMES: Final = tuple(row.name for row in DEPLOYMENTS)
_COMMENT: Final = "\n# A release of the benchmark of drops: {}.\n"


async def scale(commands: Commands, chance: random.Random) -> str:
    """Give a deployment a second replica, or take it away again."""
    row = chance.choice(commands.status.deployments)
    return await commands.run("cluster", "scale", row.name, "1" if row.desired > 1 else "2")


async def put(commands: Commands, chance: random.Random) -> str:
    """Set a variable that the product does not own."""
    return await commands.run("cluster", "set", chance.choice(_NAMES), f"DROPS={chance.randrange(1_000_000)}")


async def deploy(commands: Commands, chance: random.Random) -> str:
    """Deploy the sources that run this, with one comment more."""
    with tempfile.TemporaryDirectory(prefix="waqiti-release-") as directory:
        await asyncio.to_thread(_write_release, Path(directory) / "waqiti", chance.randrange(1_000_000))
        return await commands.run("cluster", "deploy", chance.choice(_NAMES), "--release", directory)


def _write_release(package: Path, number: int) -> None:
    shutil.copytree(Path(waqiti.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "__init__.py").open("a") as source:
        source.write(_COMMENT.format(number))


async def undo(commands: Commands, chance: random.Random) -> str:
    """Undo the last change of a deployment that was changed, or one that is made for it."""
    changed = [row.name for row in commands.status.deployments if row.revision > 1]
    name = chance.choice(changed or _NAMES)
    if not changed:
        await commands.run("cluster", "set", name, "DROPS=1")
    return await commands.run("cluster", "undo", name)
