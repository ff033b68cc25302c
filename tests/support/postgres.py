"""The PostgreSQL server that one run of pytest shares, started by the first worker that asks for it."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from tests.support.running import TestRun

GUARD: Final = "tests.support.postgres_guard"
REPOSITORY: Final = Path(__file__).parents[2]
READY_TIMEOUT_SECONDS: Final = 90.0
POLL_SECONDS: Final = 0.05


class Server(msgspec.Struct, frozen=True):
    """A server that tests may make databases on; ``admin_url`` is its superuser's address."""

    admin_url: str
    guard_pid: int | None = None

    def url(self, database: str) -> str:
        """Return the superuser's address of ``database``."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{database}"))


def shared_server(run: TestRun) -> Server:
    """Return the run's server, starting it if this is the first to ask."""
    run.path.mkdir(mode=0o700, exist_ok=True)
    if run.outside_server_url is not None:
        return Server(admin_url=run.outside_server_url)
    with exclusive(run.path / "server.lock"):
        return running_server(run) or start_server(run)


def running_server(run: TestRun) -> Server | None:
    """Return the server that this run has started, if it has."""
    try:
        return msgspec.json.decode((run.path / "server.json").read_bytes(), type=Server)
    except FileNotFoundError:
        return None


def start_server(run: TestRun) -> Server:
    log = run.path / "guard.log"
    with log.open("ab") as output:
        guard = subprocess.Popen(
            [sys.executable, "-m", GUARD, run.path, str(run.controller_pid)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline and guard.poll() is None:
        server = running_server(run)
        if server is not None:
            _GUARDS.append(guard)
            return server
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"the test server did not start: {log.read_text()}")


def stop_server(run: TestRun) -> None:
    """Stop the run's server and wait until it is gone; does nothing where none was started."""
    server = running_server(run)
    if server is None or server.guard_pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(server.guard_pid, signal.SIGTERM)
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while run.path.exists() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for guard in _GUARDS:
        guard.wait(timeout=READY_TIMEOUT_SECONDS)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file, which the kernel lets go of when its holder dies."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Kept so that the process which started the guard can collect its exit status.
_GUARDS: Final[list[subprocess.Popen[bytes]]] = []
