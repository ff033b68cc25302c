"""waqiti-init as a process: whether one lives, and starting one."""

import fcntl
import os
import sys
from pathlib import Path
from threading import Thread

from waqiti.operations.cluster.children.starting import start_logged
from waqiti.operations.cluster.supervision import init as init_program
from waqiti.operations.cluster.supervision.environment import inherited
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef


def init_command(layout: Layout) -> tuple[str, ...]:
    """Return the command that is an init: an interpreter without site-packages, and a file."""
    return (sys.executable, "-I", "-S", str(Path(init_program.__file__)), "waqiti-init", str(layout.root))


def init_lives(layout: Layout) -> bool:
    """Return whether an init holds its lock, which it does from its first moment to its last."""
    try:
        lock = os.open(layout.init_lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Shared: whoever else looks at this moment is no init.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def spawn_init(layout: Layout) -> ProcessRef:
    """Start an init and return at once; it ends by itself where there is one already."""
    popen = start_logged(init_command(layout), environment=inherited(), log=layout.log("init"), directory=layout.root)
    started = ProcessRef.of(popen.pid)
    # Should init end before we do, somebody has to collect its exit status.
    Thread(target=popen.wait, daemon=True).start()
    return started
