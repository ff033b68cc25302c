"""Making a state directory, and removing one."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

from waqiti.operations.cluster.errors import REFUSED, ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.postgres_place import remove_place

NEEDED_NEW_BYTES: Final = 512 * 1024**2
NEEDED_KNOWN_BYTES: Final = 64 * 1024**2
_PRIVATE: Final = 0o700
# PostgreSQL's unprivileged user must be able to enter; nobody can list.
_ENTERABLE: Final = 0o711
_OWNED: Final = "owned"


def make_state_directory(layout: Layout) -> None:
    """Make the state directory and what is always in it; go on with one that is there.

    Raises:
        ClusterError: it cannot be written, or its disk is nearly full.
    """
    try:
        _make_root(layout)
        for directory in (layout.cluster, layout.logs, layout.secrets, layout.heartbeat("", "api").parent):
            directory.mkdir(mode=_PRIVATE, exist_ok=True)
        _check_space(layout)
        _check_writable(layout)
    except (FileExistsError, NotADirectoryError) as error:
        raise ClusterError(f"{error.filename} is no directory: choose another --state", REFUSED) from error
    except OSError as error:
        raise unwritable(layout.root, error) from error


def wipe(layout: Layout) -> None:
    """Remove all that the platform has written; a directory that was somebody else's before stays."""
    remove_place(layout)
    if (layout.cluster / _OWNED).exists():
        shutil.rmtree(layout.root)
        return
    for path in (layout.secrets, layout.logs, layout.postgres, layout.cluster):
        shutil.rmtree(path, ignore_errors=True)
    for path in (layout.credentials, layout.keys, layout.token_public_keys, layout.events):
        path.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> ClusterError:
    """Say that ``path`` cannot be written, and what to do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ClusterError(f"The disk of {path} is full: free some space, or choose another --state", REFUSED)
    return ClusterError(f"{path} cannot be written ({error.strerror}): choose another --state", REFUSED)


def _make_root(layout: Layout) -> None:
    if layout.root.is_dir() and any(layout.root.iterdir()):
        return
    if not layout.root.exists():
        layout.root.mkdir(parents=True, mode=_PRIVATE)
        layout.root.chmod(_ENTERABLE if os.geteuid() == 0 else _PRIVATE)
    layout.cluster.mkdir(mode=_PRIVATE)
    (layout.cluster / _OWNED).touch()


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
