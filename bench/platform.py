"""A platform of its own for a benchmark, started by the command that a user runs."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench.yardstick import Server

_START_TIMEOUT_SECONDS = 180


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A running platform: where it is, its key, its state directory and its PostgreSQL."""

    base_url: str
    api_key: str
    operator_key: str
    services: dict[str, str]
    state: Path
    server: Server

    def books_balanced(self) -> bool:
        """Prove the books."""
        finished = _waqiti(self.state, "ledger", "verify", "--json")
        return bool(json.loads(finished.stdout)["balanced"])


@contextmanager
def running_platform() -> Iterator[Platform]:
    """Start a platform in a temporary directory, and remove it afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="waqiti-bench-"))
    state = directory / "state"
    try:
        started = _waqiti(state, "up", "-d", "--port", str(_free_port()))
        if started.returncode != 0:
            raise RuntimeError(f"waqiti up failed:\n{started.stdout}{started.stderr}")
        yield _platform(state)
    finally:
        _waqiti(state, "down", "--wipe")
        shutil.rmtree(directory, ignore_errors=True)


def _platform(state: Path) -> Platform:
    credentials = json.loads((state / "credentials.json").read_text())
    return Platform(
        base_url=credentials["base_url"],
        api_key=credentials["api_key"],
        operator_key=credentials["operator_key"],
        services=credentials["services"],
        state=state,
        server=_server(state, credentials["databases"]["ledger-service"]),
    )


def _server(state: Path, database_url: str) -> Server:
    parts = urlsplit(database_url)
    assert parts.hostname
    assert parts.port
    superuser = json.loads((state / "secrets" / "postgres.json").read_text())
    return Server(parts.hostname, parts.port, superuser["user"], superuser["password"])


def _waqiti(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "waqiti", *arguments],
        env={**os.environ, "WAQITI_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=_START_TIMEOUT_SECONDS,
        check=False,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
