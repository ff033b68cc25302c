"""The supervisor and its replicas: killed, stopped, crashing and restarted while requests flow."""

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.support.clusters import Cluster, Requests, eventually, running_cluster
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.journal import JournalEntry
from waqiti.operations.state.processes import all_pids, parent_of
from waqiti.operations.switches.changing import SwitchChange, change
from waqiti.operations.switches.present import published


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


def kill_supervisor(cluster: Cluster) -> float:
    """Kill it, wait until another one supervises; return how many seconds that took."""
    victim = cluster.status.supervisor.pid
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    return eventually(
        lambda: cluster.status.supervisor.ready and cluster.status.supervisor.pid != victim, "a new supervisor"
    )


def wait_until_ready(cluster: Cluster, name: str) -> None:
    eventually(lambda: cluster.deployment(name).state == "Ready", f"{name} is ready")


def test_a_killed_supervisor_is_healed_within_two_seconds_and_nobody_notices(cluster: Cluster) -> None:
    before = cluster.pids()

    with Requests(cluster.port("alpha")) as requests:
        seconds = kill_supervisor(cluster)
        asked = len(requests.pids)
        eventually(lambda: len(requests.pids) > asked + 50, "requests flow on")

    assert seconds < 2
    assert requests.failures == []
    assert cluster.pids() == before
    assert cluster.deployment("alpha").state == "Ready"


def test_a_killed_worker_comes_back_alone(cluster: Cluster) -> None:
    api, worker = cluster.pid("alpha", "api"), cluster.pid("alpha", "worker")
    restarts = cluster.replica("alpha").restarts

    os.kill(worker, signal.SIGKILL)
    eventually(lambda: cluster.replica("alpha").restarts == restarts + 1, "the exit is noticed")
    wait_until_ready(cluster, "alpha")

    assert cluster.pid("alpha", "api") == api
    assert cluster.pid("alpha", "worker") != worker
    last = cluster.replica("alpha").last_exit
    assert last is not None
    assert (last.code, last.signal, last.reason) == (None, signal.SIGKILL, "Error")


def test_the_exit_of_an_adopted_replica_is_learnt_from_init(cluster: Cluster) -> None:
    kill_supervisor(cluster)
    victim = cluster.pid("beta", "api")

    os.kill(victim, signal.SIGKILL)
    eventually(lambda: cluster.replica("beta").restarts == 1, "the exit is noticed")
    wait_until_ready(cluster, "beta")

    last = cluster.replica("beta").last_exit
    assert last is not None
    assert last.signal == signal.SIGKILL
    assert cluster.pid("beta", "api") != victim


def test_a_replica_killed_while_there_is_no_supervisor_is_replaced_by_the_next_one(cluster: Cluster) -> None:
    victim = cluster.pid("beta", "api")
    supervisor = cluster.status.supervisor.pid
    assert supervisor is not None

    os.kill(supervisor, signal.SIGKILL)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: cluster.replica("beta").pid not in {None, victim}, "a new replica")
    wait_until_ready(cluster, "beta")

    assert cluster.status.supervisor.pid != supervisor


def isolate(cluster: Cluster, name: str, *, on: bool) -> None:
    wanted = SwitchChange(
        name="ISOLATION_MODE", value=True if on else None, services=(name,), actor="ana", reason="A fault test."
    )
    assert change(cluster.layout, wanted).unreached == ()


def test_what_dies_while_it_is_isolated_stays_as_it_is_also_under_the_next_supervisor(cluster: Cluster) -> None:
    isolate(cluster, "beta", on=True)
    try:
        victim, restarts = cluster.pid("beta", "api"), cluster.replica("beta").restarts
        others = cluster.pids() - {victim}
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: cluster.replica("beta").restarts == restarts + 1, "the exit is noticed")
        time.sleep(1.5)
        assert cluster.replica("beta").processes == ()
        kill_supervisor(cluster)
        time.sleep(1.5)
        assert cluster.pids() == others, "what lives is left alone, what died is not started"
        assert cluster.replica("beta").last_exit is not None
    finally:
        isolate(cluster, "beta", on=False)

    wait_until_ready(cluster, "beta")
    assert cluster.replica("beta").restarts == restarts + 1


def test_what_dies_while_switches_cannot_be_read_starts_on_what_was_switched(cluster: Cluster) -> None:
    layout, victim = cluster.layout, cluster.pid("beta", "api")
    wanted = SwitchChange(name="DB_POOL_MAX_SIZE", value=7, services=("beta",), actor="ana", reason="A fault test.")
    change(layout, wanted)
    layout.switches.write_bytes(layout.switches.read_bytes()[:40])

    os.kill(victim, signal.SIGKILL)
    eventually(lambda: cluster.replica("beta").pid not in {None, victim}, "a new replica")
    wait_until_ready(cluster, "beta")

    assert published(layout).switches[0].value == 7, "the supervisor mends the file"
    assert asked(cluster.port("beta"), "/pool") == "7"
    change(layout, msgspec.structs.replace(wanted, value=None))


def asked(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    with closing(connection):
        return connection.getresponse().read().decode()


@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_process_that_hangs_is_killed_for_it(cluster: Cluster, role: str) -> None:
    victim = cluster.pid("alpha", role)

    os.kill(victim, signal.SIGSTOP)
    eventually(lambda: victim not in cluster.pids(), "it is killed", timeout_seconds=30)
    wait_until_ready(cluster, "alpha")

    last = cluster.replica("alpha").last_exit
    assert last is not None
    assert (last.signal, last.reason) == (signal.SIGKILL, "Liveness")


def test_a_rolling_restart_replaces_every_process_without_a_failed_request(cluster: Cluster) -> None:
    before = cluster.pids()
    names = {
        row.name: {process.pid for process in cluster.replica(row.name).processes} for row in cluster.status.deployments
    }

    with Requests(cluster.port("alpha")) as requests:
        cluster.restart("alpha")
        after = cluster.pid("alpha", "api")
        eventually(lambda: requests.pids[-4:] == [after] * 4, "every client is served by the new replica")

    assert requests.failures == []
    assert cluster.pids() & before == names["beta"]
    assert cluster.deployment("alpha").state == "Ready"


def test_a_restart_goes_on_when_the_supervisor_is_killed_in_the_middle(cluster: Cluster) -> None:
    before = cluster.pid("alpha", "api")
    environment = {**os.environ, "WAQITI_STATE": str(cluster.layout.root)}
    command = [sys.executable, "-m", "waqiti", "cluster", "restart", "alpha", "--json"]

    with (
        Requests(cluster.port("alpha")) as requests,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as restarting,
    ):
        eventually(lambda: len(cluster.deployment("alpha").replicas) == 2, "the new replica has begun")
        kill_supervisor(cluster)
        output, _ = restarting.communicate(timeout=40)

    assert restarting.returncode == 0
    assert json.loads(output)["ready"] == 1
    assert requests.failures == []
    assert cluster.pid("alpha", "api") != before


def test_a_restart_whose_new_replica_crashes_fails_and_the_old_one_serves_on(cluster: Cluster) -> None:
    before = cluster.pid("beta", "api")
    cluster.misbehave("beta", "api", "exit")

    with Requests(cluster.port("beta")) as requests, pytest.raises(ClusterError, match="ends again and again"):
        cluster.restart("beta")
    cluster.misbehave("beta", "api", None)

    eventually(lambda: len(cluster.deployment("beta").replicas) == 1, "the new replica has left")
    assert requests.failures == []
    assert cluster.pid("beta", "api") == before
    assert cluster.deployment("beta").state == "Ready"


def test_a_replica_that_ends_again_and_again_is_held_back_and_shown(cluster: Cluster) -> None:
    cluster.misbehave("beta", "api", "exit")

    os.kill(cluster.pid("beta", "api"), signal.SIGKILL)
    eventually(lambda: cluster.deployment("beta").state == "CrashLoopBackOff", "the loop is shown")
    assert cluster.deployment("beta").ready == 0
    last = cluster.replica("beta").last_exit
    assert last is not None
    assert (last.code, last.reason) == (1, "Error")
    assert cluster.deployment("alpha").state == "Ready"

    cluster.misbehave("beta", "api", None)
    wait_until_ready(cluster, "beta")


def test_exits_are_written_down_with_the_last_log_lines(cluster: Cluster) -> None:
    lines = cluster.layout.events.read_bytes().splitlines()
    exits = [entry for line in lines if (entry := msgspec.json.decode(line, type=JournalEntry)).kind == "exit"]

    told = [entry for entry in exits if entry.code == 1 and entry.replica.startswith("beta-")]
    assert told
    assert told[-1].lines[-1] == "told to exit at once"


def test_a_second_start_is_a_no_op_while_the_first_one_runs(cluster: Cluster) -> None:
    before = cluster.pids()

    assert cluster.start() is False

    assert cluster.pids() == before


def test_a_full_disk_stops_neither_init_nor_the_supervisor() -> None:
    with running_cluster() as cluster, Requests(cluster.port("beta")) as requests:
        init, supervisor, worker = (
            cluster.status.init.pid,
            cluster.status.supervisor.pid,
            cluster.pid("alpha", "worker"),
        )
        assert init is not None
        assert supervisor is not None

        with no_room_for(init, supervisor):
            os.kill(worker, signal.SIGKILL)
            eventually(lambda: not process_exists(worker), "the supervisor reaps it")
            os.kill(supervisor, signal.SIGKILL)
            successor = eventual_child(init, supervisor)
            asked = len(requests.pids)
            eventually(lambda: len(requests.pids) > asked + 200, "requests flow on")
            give_room(successor)

        wait_until_ready(cluster, "alpha")
        assert (cluster.status.init.pid, cluster.status.supervisor.pid) == (init, successor)
        assert cluster.pid("alpha", "worker") != worker
    assert requests.failures == []


@contextmanager
def no_room_for(*pids: int) -> Iterator[None]:
    """Fail every write of these processes to a file, as a full disk does; also of processes that they start."""
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for pid in filter(process_exists, pids):
        give_room(pid)


def give_room(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def process_exists(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - a pid, not a file


def eventual_child(parent: int, but: int) -> int:
    """Wait until ``parent`` has started another supervisor."""

    def children() -> list[int]:
        return [pid for pid in all_pids() if parent_of(pid) == parent and pid != but and _supervises(pid)]

    eventually(lambda: len(children()) == 1, "another supervisor")
    return children()[0]


def _supervises(pid: int) -> bool:
    return b"waqiti.operations.cluster.supervision.supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_stopping_leaves_nothing_and_status_says_so() -> None:
    with running_cluster() as cluster:
        before = cluster.pids()
        cluster.stop()

        assert all(not os.path.exists(f"/proc/{pid}") for pid in before)  # noqa: PTH110 - a pid, not a file
        status = cluster.status
        assert (status.init.pid, status.supervisor.pid) == (None, None)
        assert [row.ready for row in status.deployments] == [0, 0]
