"""A process that runs one throw-away PostgreSQL server and outlives nobody.

``python -m tests.support.postgres_guard DIRECTORY OWNER_PID`` runs the server that the platform embeds, writes its
address to ``DIRECTORY/server.json`` once it answers, and stops it at SIGTERM or when the owner is gone; then it
removes DIRECTORY, so that a killed test run leaves nothing behind.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.postgres import server as postgres_server
from waqiti.operations.cluster.postgres.place import Place, binaries, server_credential
from waqiti.operations.state.processes import ProcessRef

START_TIMEOUT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
PORT_ATTEMPTS: Final = 5
MEMORY: Final = Path("/dev/shm")
MEMORY_NEEDED_BYTES: Final = 4 * 2**30
# Durability is what these tests do not test: acceptance and fault tests run with fsync on.
SETTINGS: Final = postgres_server.settings(memory_bytes=2**30, fsync=False) | {
    "unix_socket_directories": "",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "log_min_messages": "warning",
}


def serve(directory: Path, owner_pid: int) -> None:
    """Run the server until the owner ends or SIGTERM comes."""
    owner = ProcessRef.of(owner_pid)
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    with own_place(directory) as place:
        programs = binaries(place, server_credential())
        password = secrets.token_urlsafe(24)
        postgres_server.initialise(place, programs, server_credential(), password, fsync=False)
        server, port = start(place, programs, directory / "server.log")
        try:
            publish(directory, f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
            while not stopping and owner.alive and server.poll() is None:
                time.sleep(POLL_SECONDS)
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=START_TIMEOUT_SECONDS)
    shutil.rmtree(directory)


@contextmanager
def own_place(directory: Path) -> Iterator[Place]:
    """Give the server a place that is gone afterwards, in memory if there is room: each test copies a database."""
    base = Path(tempfile.mkdtemp(prefix=f"{directory.name}-", dir=MEMORY if has_room(MEMORY) else directory.parent))
    base.chmod(0o711)
    try:
        yield Place(base_path=str(base), outside=False)
    finally:
        shutil.rmtree(base)


def has_room(directory: Path) -> bool:
    if not os.access(directory, os.W_OK):
        return False
    return shutil.disk_usage(directory).free >= MEMORY_NEEDED_BYTES


def start(place: Place, programs: Path, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port; another process may take that port first, hence the attempts."""
    credential = server_credential()
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        for _ in range(PORT_ATTEMPTS):
            port = postgres_server.free_port(None)
            server = subprocess.Popen(
                [programs / "postgres", "-D", place.data, "-p", str(port), *options],
                cwd=place.base,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=credential.uid if credential else None,
                group=credential.gid if credential else None,
                extra_groups=[] if credential else None,
            )
            if answers(server, programs, port):
                return server, port
    raise SystemExit(log.read_text())


def answers(server: subprocess.Popen[bytes], programs: Path, port: int) -> bool:
    probe: list[str | Path] = [programs / "pg_isready", "-q", "-h", postgres_server.HOST, "-p", str(port)]
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if subprocess.run(probe, check=False).returncode == 0:
            return True
        time.sleep(POLL_SECONDS)
    return False


def publish(directory: Path, url: str) -> None:
    draft = directory / "server.json.draft"
    draft.write_text(json.dumps({"admin_url": url, "guard_pid": os.getpid()}))
    draft.rename(directory / "server.json")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
