"""A whole platform, started by the command that a user runs."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from waqiti.contracts.catalog import DEPLOYMENTS

START_TIMEOUT_SECONDS = 120


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """``credentials.json``, as the public contract draws it."""

    base_url: str
    operations_url: str
    api_key: str
    operator_key: str
    approver_key: str
    services: dict[str, str]
    databases: dict[str, str]


class Finished(msgspec.Struct, frozen=True):
    """A command that ended."""

    exit_code: int
    stdout: str
    stderr: str

    def document(self) -> Any:
        """Return the one JSON document that it printed."""
        return json.loads(self.stdout)


class Platform:
    """A platform in a state directory of its own; every command runs as a user would run it.

    With ``postgres_url`` its databases are on that server, without what was in them before.
    """

    def __init__(self, state: Path, port: int, *, postgres_url: str | None = None) -> None:
        self.state = state
        self.port = port
        self._postgres_url = postgres_url

    def command(self, *arguments: str, timeout_seconds: float = 60) -> Finished:
        """Run ``waqiti`` with these arguments on this platform's state."""
        finished = subprocess.run(
            [sys.executable, "-m", "waqiti", *arguments],
            env={**os.environ, "WAQITI_STATE": str(self.state)},
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    def up(self, options: Sequence[str] = ()) -> None:
        """Start it and wait until every deployment is ready."""
        if self._postgres_url is not None:
            options = [*options, "--postgres", self._postgres_url]
            if not self.state.exists():
                asyncio.run(_drop_databases(self._postgres_url))
        finished = self.command("up", "-d", "--port", str(self.port), *options, timeout_seconds=START_TIMEOUT_SECONDS)
        assert finished.exit_code == 0, f"waqiti up failed:\n{finished.stdout}\n{finished.stderr}"

    def down(self, *, wipe: bool = False) -> None:
        """Stop it."""
        finished = self.command("down", *(["--wipe"] if wipe else []))
        assert finished.exit_code == 0, f"waqiti down failed:\n{finished.stdout}\n{finished.stderr}"

    @property
    def credentials(self) -> Credentials:
        """What ``waqiti up`` wrote for its users."""
        return msgspec.json.decode((self.state / "credentials.json").read_bytes(), type=Credentials)

    def status(self) -> Any:
        """Return the document of ``waqiti status``."""
        return self.command("status", "--json").document()

    def verify_books(self) -> Any:
        """Prove the books, and return the document of ``waqiti ledger verify``."""
        finished = self.command("ledger", "verify", "--json", timeout_seconds=300)
        assert finished.exit_code == 0, f"the books do not balance:\n{finished.stdout}\n{finished.stderr}"
        return finished.document()


async def _drop_databases(admin_url: str) -> None:
    admin = await asyncpg.connect(admin_url)
    for row in DEPLOYMENTS:
        if row.database is not None:
            await admin.execute(f'DROP DATABASE IF EXISTS "{row.database}" WITH (FORCE)')
    await admin.close()


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
