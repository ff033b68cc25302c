"""``waqiti up`` where it cannot: one clear sentence, the right exit code, and nothing left running."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.clusters import eventually, running_cluster
from tests.support.platform import Finished, free_port
from waqiti.operations.cluster.supervision.environment import supervised_by
from waqiti.operations.state.processes import all_pids, environment_of


def waqiti(*arguments: str) -> Finished:
    done = subprocess.run(
        [sys.executable, "-m", "waqiti", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def left_running(state: Path) -> list[int]:
    return [pid for pid in all_pids() if supervised_by(environment_of(pid), state) or _names(pid, state)]


def _names(pid: int, state: Path) -> bool:
    try:
        return pid != os.getpid() and str(state).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        finished = waqiti("up", "-d", "--state", str(tmp_path / "state"), "--port", str(port))

    assert finished.exit_code == 3
    assert finished.stderr == (
        f"waqiti: Port {port} is in use: stop what listens there, or choose another with waqiti up --port N\n"
    )
    assert left_running(tmp_path / "state") == []


def test_a_state_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")

    finished = waqiti("up", "-d", "--state", str(tmp_path / "state"), "--port", str(free_port()), "--json")

    assert finished.exit_code == 3
    assert "is no directory: choose another --state" in finished.document()["error"]
    assert (tmp_path / "state").read_text() == "mine"


def test_a_state_that_cannot_be_written_is_refused() -> None:
    finished = waqiti("up", "-d", "--state", "/proc/waqiti", "--port", str(free_port()))

    assert finished.exit_code == 3
    assert finished.stderr.startswith("waqiti: /proc/waqiti cannot be written (")
    assert finished.stderr.count("\n") == 1


def test_a_server_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    finished = waqiti("up", "-d", "--state", str(tmp_path), "--port", str(free_port()), "--postgres", "mysql://x@y/z")

    assert finished.exit_code == 2
    assert "postgresql://user:password@host:port/database" in finished.stderr
    assert left_running(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "Unknown command"),
        (["cluster", "restart"], "NAME"),
        (["up", "--port", "0"], "--port"),
        (["serve"], "wants a deployment"),
        (["serve", "no-such-service"], "No deployment is called no-such-service"),
        (["migrate", "api-gateway"], "has no database"),
    ],
)
def test_wrong_use_is_exit_code_2(arguments: list[str], said: str) -> None:
    finished = waqiti(*arguments)

    assert finished.exit_code == 2
    assert said in finished.stderr
    assert finished.stdout == ""


def test_commands_on_a_running_cluster_print_one_document() -> None:
    with running_cluster() as cluster:
        os.environ["WAQITI_STATE"] = str(cluster.layout.root)
        try:
            listed = waqiti("cluster", "list", "--json")
            logs = waqiti("cluster", "logs", "beta", "--tail", "1", "--json")
            unknown = waqiti("cluster", "logs", "gamma")
            unknown_replica = waqiti("cluster", "logs", "beta", "--replica", "beta-9")
        finally:
            del os.environ["WAQITI_STATE"]

        assert [row["state"] for row in listed.document()["deployments"]] == ["Ready", "Ready"]
        (replica,) = logs.document()["replicas"]
        assert replica["replica"] == "beta-1"
        assert len(replica["lines"]) == 1
        assert (unknown.exit_code, unknown_replica.exit_code) == (2, 2)

        stopped = waqiti("down", "--state", str(cluster.layout.root), "--json")
        assert (stopped.exit_code, stopped.document()["stopped"]) == (0, True)
        assert left_running(cluster.layout.root) == []
        assert waqiti("down", "--state", str(cluster.layout.root), "--json").document()["stopped"] is False


def test_status_answers_within_a_second_with_everything_dead_and_knows_it() -> None:
    with running_cluster() as cluster:
        # Init first: it would start another supervisor.
        for pid in (cluster.status.init.pid, cluster.status.supervisor.pid, *cluster.pids()):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: cluster.pids() == set(), "all are gone")
        began = time.process_time()
        status = cluster.status

        assert time.process_time() - began < 1
        assert (status.init.pid, status.supervisor.pid, status.supervisor.ready) == (None, None, False)
        assert [(row.ready, row.state) for row in status.deployments] == [(0, "Degraded"), (0, "Degraded")]
