"""``waqiti up`` in the foreground: however it is ended, nothing is left running."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.clusters import eventually
from tests.support.platform import free_port
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.processes import all_pids, environment_of


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_leaves_nothing_running(tmp_path: Path, end: signal.Signals) -> None:
    layout = Layout(tmp_path / "state")
    with foreground(layout) as up:
        eventually(layout.plan.exists, "it has begun")
        up.send_signal(end)

        assert up.wait(timeout=60) == 130
        assert left_running(layout) == []


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    terminal, end = pty.openpty()
    with foreground(layout, terminal=end) as up:
        os.close(end)
        read_until(terminal, b"Ctrl-C")
        os.close(terminal)

        assert up.wait(timeout=60) == 0
        assert left_running(layout) == []


@contextmanager
def foreground(layout: Layout, *, terminal: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``waqiti up``, on a terminal where there is one; nothing is left of it."""
    output = subprocess.DEVNULL if terminal is None else terminal
    session = ["setsid"] if terminal is None else ["setsid", "--ctty"]
    command = [sys.executable, "-m", "waqiti", "up", "--state", str(layout.root), "--port", str(free_port())]
    with subprocess.Popen([*session, *command], stdin=output, stdout=output, stderr=output) as up:
        try:
            yield up
        finally:
            up.kill()
            subprocess.run(
                [sys.executable, "-m", "waqiti", "down", "--wipe", "--state", str(layout.root)],
                check=True,
                capture_output=True,
            )


def read_until(terminal: int, said: bytes, timeout_seconds: float = 60) -> None:
    """Read what the terminal shows until it is there."""
    shown = b""

    def there() -> bool:
        nonlocal shown
        if select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 65536)
        return said in shown

    eventually(there, f"{said!r} is shown", timeout_seconds)


def left_running(layout: Layout) -> list[int]:
    return [pid for pid in all_pids() if pid != os.getpid() and _belongs(pid, layout)]


def _belongs(pid: int, layout: Layout) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(layout.root).encode() in command or environment_of(pid).get("WAQITI_STATE") == str(layout.root)
