"""Commands as an operator runs them."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.status import ClusterStatus, cluster_status
from waqiti.operations.state.layout import Layout

_COMMAND_SECONDS: Final = 180.0


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
