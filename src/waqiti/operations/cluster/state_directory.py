"""Making a state directory, and removing one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.postgres.place import remove_place
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.files import lock, write
from waqiti.operations.state.layout import Layout

NEEDED_NEW_BYTES: Final = 512 * 1024**2
NEEDED_KNOWN_BYTES: Final = 64 * 1024**2
_PRIVATE: Final = 0o700
# PostgreSQL's unprivileged user must be able to enter; nobody can list.
_ENTERABLE: Final = 0o711
_MARK: Final = "owned"
_LOCK_SECONDS: Final = 120.0
_OWN_DIRECTORY: Final = "directory"
_OWN_CONTENT: Final = "content"
_OWN_NAMES: Final = "names"


def make_state_directory(layout: Layout) -> None:
    """Make the state directory and what is always in it; go on with one that is there.

    Raises:
        ClusterError: it cannot be written, holds something else under our names, or its disk is nearly full.
    """
    try:
        if not is_state_directory(layout):
            _make_root(layout)
        for directory in _directories(layout):
            directory.mkdir(mode=_PRIVATE, exist_ok=True)
        _check_space(layout)
        _check_writable(layout)
    except (FileExistsError, NotADirectoryError) as error:
        raise ClusterError(f"{error.filename} is no directory: choose another --state", REFUSED) from error
    except OSError as error:
        raise unwritable(layout.root, error) from error


@contextmanager
def commanding(layout: Layout) -> Iterator[None]:
    """Be the only command that starts or removes the platform in a state directory.

    Raises:
        ClusterError: another one is, for over two minutes.
    """
    with lock(layout.command_lock, wait_seconds=_LOCK_SECONDS, holder="Another waqiti command"):
        yield


def is_state_directory(layout: Layout) -> bool:
    """Return whether ``waqiti up`` has been here, finished or not."""
    return (layout.cluster / _MARK).exists() or layout.plan.exists()


def wipe(layout: Layout) -> None:
    """Remove all that the platform has written; a directory that was somebody else's before stays.

    Raises:
        ClusterError: no platform was ever started here; nothing is removed.
    """
    if not is_state_directory(layout):
        raise ClusterError(f"{layout.root} is no state directory of Waqiti: nothing was removed", REFUSED)
    mark = layout.cluster / _MARK
    owned = mark.read_text() if mark.exists() else _OWN_NAMES
    remove_place(layout)
    # The mark goes last: a wipe that was interrupted can be repeated.
    for path in _removable(layout) if owned == _OWN_NAMES else layout.root.iterdir():
        if path != layout.cluster:
            _remove(path)
    _remove(layout.cluster)
    if owned == _OWN_DIRECTORY:
        layout.root.rmdir()


def unwritable(path: Path, error: OSError) -> ClusterError:
    """Say that ``path`` cannot be written, and what to do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ClusterError(f"The disk of {path} is full: free some space, or choose another --state", REFUSED)
    return ClusterError(f"{path} cannot be written ({error.strerror}): choose another --state", REFUSED)


def _directories(layout: Layout) -> tuple[Path, ...]:
    heartbeats, applied = layout.heartbeat("", "api").parent, layout.switches_applied("", "api").parent
    handover = layout.handover("").parent
    always = (layout.cluster, layout.logs, layout.secrets, layout.operations, layout.deployments)
    return (*always, heartbeats, applied, handover)


def _make_root(layout: Layout) -> None:
    owned = _OWN_DIRECTORY
    if not layout.root.exists():
        layout.root.mkdir(parents=True, mode=_PRIVATE)
        layout.root.chmod(_ENTERABLE if os.geteuid() == 0 else _PRIVATE)
    elif any(layout.root.iterdir()):
        owned = _OWN_NAMES
        _check_names(layout)
    else:
        owned = _OWN_CONTENT
    layout.cluster.mkdir(mode=_PRIVATE, exist_ok=True)
    write(layout.cluster / _MARK, owned.encode())


def _check_names(layout: Layout) -> None:
    """Whatever stands under these names would be removed by a wipe."""
    for path in _removable(layout):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise ClusterError(f"{path} is there and not Waqiti's: choose another --state", REFUSED)


def _removable(layout: Layout) -> tuple[Path, ...]:
    directories = (layout.secrets, layout.logs, layout.postgres, layout.operations, layout.releases, layout.cluster)
    files = (layout.credentials, layout.keys, layout.token_public_keys, layout.switches)
    return (*directories, *files, layout.events, layout.old_events)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _check_space(layout: Layout) -> None:
    needed = NEEDED_KNOWN_BYTES if layout.plan.exists() else NEEDED_NEW_BYTES
    free = shutil.disk_usage(layout.root).free
    if free < needed:
        raise ClusterError(
            f"The disk of {layout.root} has only {free // 1024**2} MB left, and Waqiti needs {needed // 1024**2}: "
            "free some space, or choose another --state",
            REFUSED,
        )


def _check_writable(layout: Layout) -> None:
    trial = layout.cluster / f".trial.{os.getpid()}"
    trial.write_bytes(b"waqiti")
    trial.unlink()
