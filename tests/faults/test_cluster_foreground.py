"""``waqiti up`` in the foreground: however it is ended, nothing is left running."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import waqiti.cli.up as up_module
from tests.support.clusters import Cluster, eventually, running_cluster
from tests.support.platform import free_port
from waqiti.operations.cluster.starting import Planner, Progress, start_cluster
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import all_pids, environment_of

ENDS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


# What a test waits for, and then the time that a platform left over takes to be stopped.
ENDED_SECONDS = 45
pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_leaves_nothing_running(tmp_path: Path, end: signal.Signals) -> None:
    layout = Layout(tmp_path / "state")
    with foreground(layout) as up:
        eventually(layout.plan.exists, "it has begun")
        up.send_signal(end)

        assert up.wait(timeout=ENDED_SECONDS) == 130
        assert left_running(layout) == []


def test_ctrl_c_ends_it_although_a_background_job_of_a_shell_ignores_that(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    with foreground(layout, ctrl_c=signal.SIG_IGN) as up:
        eventually(layout.plan.exists, "it has begun")
        up.send_signal(signal.SIGINT)

        assert up.wait(timeout=ENDED_SECONDS) == 130
        assert left_running(layout) == []


@pytest.mark.usefixtures("unchanged_signals")
def test_a_closed_terminal_means_nothing_under_nohup(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr(up_module, "start_cluster", lambda *_: os.kill(os.getpid(), signal.SIGHUP))
    monkeypatch.setattr(up_module, "_announce", lambda *_, **__: None)

    assert up_module.up() == 0


@pytest.mark.usefixtures("unchanged_signals")
@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_signal_right_after_the_start_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    with running_cluster() as cluster:
        cluster.stop()
        stand_in(monkeypatch, cluster, end)

        with pytest.raises(KeyboardInterrupt):
            up_module.up(state=cluster.layout.root)

        assert cluster.status.anything_runs is False
        assert left_running(cluster.layout) == []


@pytest.mark.usefixtures("unchanged_signals")
def test_a_signal_leaves_what_ran_before_running(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_cluster() as cluster:
        before = cluster.pids()
        stand_in(monkeypatch, cluster, signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            up_module.up(state=cluster.layout.root)

        assert cluster.status.ready
        assert cluster.pids() == before


@pytest.mark.usefixtures("unchanged_signals")
def test_a_killed_init_does_not_end_it_and_ctrl_c_still_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_cluster() as cluster:
        cluster.stop()
        monkeypatch.setattr(up_module, "plan_platform", lambda _layout, former, **_: cluster.plan(former))
        monkeypatch.setattr(up_module, "_announce", lambda *_, **__: None)
        seen: list[set[int]] = []

        def kill_init_then_ctrl_c() -> None:
            try:
                eventually(lambda: cluster.status.ready and cluster.status.supervisor.ready, "it is ready")
                seen.append(cluster.pids())
                victim = cluster.status.init.pid
                assert victim is not None
                os.kill(victim, signal.SIGKILL)
                eventually(lambda: cluster.status.init.pid not in {None, victim}, "another init has taken over")
                seen.append(cluster.pids())
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        acting = threading.Thread(target=kill_init_then_ctrl_c)
        acting.start()
        assert up_module.up(state=cluster.layout.root) == 0
        acting.join()

        assert len(seen) == 2
        assert seen[0] == seen[1]
        assert left_running(cluster.layout) == []


def stand_in(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, end: signal.Signals) -> None:
    """Have ``up`` start this cluster, and get a signal before it learns that it has."""

    def start_and_signal(layout: Layout, planner: Planner, progress: Progress) -> bool:
        started = start_cluster(layout, planner, progress)
        signal.raise_signal(end)
        return started

    monkeypatch.setattr(up_module, "plan_platform", lambda _layout, former, **_: cluster.plan(former))
    monkeypatch.setattr(up_module, "start_cluster", start_and_signal)


@pytest.fixture
def unchanged_signals() -> Iterator[None]:
    """A command that runs in this process takes the signals over, none of them ignored before; they are given back."""
    with inheriting(signal.SIG_DFL):
        yield


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    terminal, end = pty.openpty()
    with foreground(layout, terminal=end) as up:
        os.close(end)
        read_until(terminal, b"Ctrl-C")
        os.close(terminal)

        assert up.wait(timeout=ENDED_SECONDS) == 0
        assert left_running(layout) == []


@contextmanager
def foreground(
    layout: Layout, *, terminal: int | None = None, ctrl_c: signal.Handlers = signal.SIG_DFL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``waqiti up``, on a terminal where there is one, whatever this process does on Ctrl-C; nothing is left."""
    output = subprocess.DEVNULL if terminal is None else terminal
    session = ["setsid"] if terminal is None else ["setsid", "--ctty"]
    command = [sys.executable, "-m", "waqiti", "up", "--state", str(layout.root), "--port", str(free_port())]
    with inheriting(ctrl_c):
        up = subprocess.Popen([*session, *command], stdin=output, stdout=output, stderr=output)
    with up:
        try:
            yield up
        finally:
            up.kill()
            subprocess.run(
                [sys.executable, "-m", "waqiti", "down", "--wipe", "--state", str(layout.root)],
                check=True,
                capture_output=True,
                timeout=90,
            )


@contextmanager
def inheriting(ctrl_c: signal.Handlers) -> Iterator[None]:
    """What is started meanwhile does this on SIGINT, and its default on the others, also in tests under nohup."""
    with signals_given_back():
        for number in ENDS:
            # A handler is not inherited: its signal gets its default.
            signal.signal(number, signal.default_int_handler)
        if ctrl_c is signal.SIG_IGN:
            signal.signal(signal.SIGINT, ctrl_c)
        yield


@contextmanager
def signals_given_back() -> Iterator[None]:
    former = {number: signal.getsignal(number) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


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
