"""How the embedded server is initialised, set and started."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.children.child import Child, start_child
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.patience import KILLED_SECONDS
from waqiti.operations.cluster.children.starting import Credential
from waqiti.operations.cluster.postgres.limits import USUAL_CONNECTIONS
from waqiti.operations.cluster.postgres.place import Place
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.processes import ProcessRef, wait_gone, working_in

HOST: Final = "127.0.0.1"
SUPERUSER: Final = "postgres"
_GIBIBYTE: Final = 1024**3
_SHARED_BUFFERS_BYTES: Final = 1 * _GIBIBYTE
_SMALLEST_SHARED_BUFFERS_BYTES: Final = 128 * 1024**2
_MEMORY_SHARE: Final = 8
_INITDB_OPTIONS: Final = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


def initialise(place: Place, programs: Path, credential: Credential | None, password: str, *, fsync: bool) -> None:
    """Make the data directory, once; one that was begun and not finished is begun anew.

    Raises:
        ClusterError: initdb failed.
    """
    if place.data.exists():
        return
    draft, password_file = place.base / "data.draft", place.base / "password.draft"
    _end_former_attempt(place.base, draft)
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        _give(draft, credential)
        _give(password_file, credential)
        _initdb(draft, password_file, programs, credential, fsync=fsync)
    finally:
        password_file.unlink(missing_ok=True)
    draft.rename(place.data)


def settings(*, memory_bytes: int, fsync: bool) -> dict[str, str]:
    """Return the server's settings for a machine with this much memory."""
    shared_buffers_bytes = min(
        max(memory_bytes // _MEMORY_SHARE, _SMALLEST_SHARED_BUFFERS_BYTES), _SHARED_BUFFERS_BYTES
    )
    return {
        "listen_addresses": HOST,
        # Relative to the data directory: an absolute path may be longer than a socket's may be.
        "unix_socket_directories": ".",
        "max_connections": str(USUAL_CONNECTIONS),
        "reserved_connections": "5",
        "superuser_reserved_connections": "3",
        "shared_buffers": f"{shared_buffers_bytes // 1024**2}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        # After a crash the data is made durable by one call, not file by file: half a second in place of five.
        "recovery_init_sync_method": "syncfs",
        "fsync": "on" if fsync else "off",
        "full_page_writes": "on" if fsync else "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "cluster_name": "waqiti",
    }


def start(
    place: Place,
    programs: Path,
    credential: Credential | None,
    *,
    port: int,
    fsync: bool,
    log: Path,
    exits: HandedOnExits,
) -> Child:
    """Start the server; it answers a moment later."""
    forget_unreaped(place)
    chosen = settings(memory_bytes=memory_bytes(), fsync=fsync)
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return start_child(
        [str(programs / "postgres"), "-D", str(place.data), "-p", str(port), *options],
        environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        log=log,
        directory=place.base,
        exits=exits,
        credential=credential,
    )


def forget_unreaped(place: Place) -> None:
    """Take away the lock file of a server that has ended and that nobody has reaped: to a new one it would still run.

    One whose supervisor and init were killed is reaped by the machine's own init: late or, in many containers, never.
    """
    lock = place.data / "postmaster.pid"
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        former = ProcessRef.of(int(lock.read_text().partition("\n")[0]))
        if not former.alive and not working_in(place.data):
            lock.unlink()


def free_port(wanted: int | None) -> int:
    """Return ``wanted`` where nobody listens there, else a port that is free."""
    for port in (wanted or 0, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise ClusterError("No port is free on 127.0.0.1 for PostgreSQL")


def memory_bytes() -> int:
    """Return the memory of this machine, or of the control group that we are confined to."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def _initdb(data: Path, password_file: Path, programs: Path, credential: Credential | None, *, fsync: bool) -> None:
    sync = () if fsync else ("--no-sync",)
    command = [str(programs / "initdb"), *_INITDB_OPTIONS, *sync, f"--pwfile={password_file}", f"--pgdata={data}"]
    done = subprocess.run(
        command,
        cwd=data.parent,
        env={"PATH": os.defpath},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=credential.uid if credential else None,
        group=credential.gid if credential else None,
        extra_groups=[] if credential else None,
    )
    if done.returncode != 0:
        raise ClusterError(f"PostgreSQL's data directory could not be made: {_reason(done.stderr, data)}")


def _end_former_attempt(*directories: Path) -> None:
    """A killed supervisor's initdb may still be at work."""
    former = [ref for directory in directories for ref in working_in(directory)]
    for ref in former:
        ref.send(signal.SIGKILL)
    wait_gone(former, KILLED_SECONDS)


def _reason(stderr: bytes, data: Path) -> str:
    text = stderr.decode(errors="replace").strip()
    if "No space left on device" in text:
        return f"the disk of {data.parent} is full; free some space and run the command again"
    return text.splitlines()[-1] if text else "initdb gave no reason"


def _give(path: Path, credential: Credential | None) -> None:
    if credential is not None:
        os.chown(path, credential.uid, credential.gid)
