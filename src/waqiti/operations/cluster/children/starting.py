"""Starting a process that outlives who started it: in a session of its own, and what it says goes to a log."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOG_MODE: Final = 0o600


@dataclass(frozen=True)
class Credential:
    """The user and group that a process runs as."""

    uid: int
    gid: int


def start_logged(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    directory: Path,
    descriptors: Sequence[int] = (),
    credential: Credential | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, its output appended to ``log``.

    Raises:
        OSError: the log cannot be written, or the command cannot be run.
    """
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _LOG_MODE)
    try:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=descriptors,
            user=credential.uid if credential else None,
            group=credential.gid if credential else None,
            extra_groups=[] if credential else None,
        )
    finally:
        os.close(output)
