"""A killed waqiti-init: another one takes over, everything else runs on, and no request fails."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clusters import Cluster, Requests, eventually, running_cluster
from waqiti.operations.cluster.healing import heal_init
from waqiti.operations.server.watching import InitWatch
from waqiti.operations.state.processes import ProcessRef, all_pids, environment_of
from waqiti.operations.state.record import read_init


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture(autouse=True)
def ready_before(cluster: Cluster) -> None:
    # Whoever asked for an init last still waits for the lock for a moment, and would follow one that is killed.
    eventually(lambda: cluster.status.ready and inits(cluster) == [cluster.status.init.pid], "the cluster is ready")


def kill_init(cluster: Cluster) -> int:
    victim = cluster.status.init.pid
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: cluster.status.init.pid is None, "init is gone")
    return victim


def kill_supervisor(cluster: Cluster) -> int:
    victim = cluster.status.supervisor.pid
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    return victim


def heal(cluster: Cluster) -> None:
    former = cluster.status.supervisor.pid
    assert heal_init(cluster.layout)
    until_healed(cluster, former)


def until_healed(cluster: Cluster, former: int | None) -> None:
    def healed() -> bool:
        status = cluster.status
        return status.init.pid is not None and status.supervisor.ready and status.supervisor.pid != former

    eventually(healed, "a new init and a new supervisor")


def ports(cluster: Cluster) -> dict[str, int]:
    return {name: cluster.port(name) for name in ("alpha", "beta")}


def refs(cluster: Cluster) -> list[ProcessRef]:
    """Name the processes that run; one that has ended may wait for a while until the machine's init reaps it."""
    return [ProcessRef.of(pid) for pid in cluster.pids()]


def launch(cluster: Cluster) -> str:
    init = read_init(cluster.layout)
    assert init is not None
    return init.launch


def inits(cluster: Cluster) -> list[int]:
    """List the processes that are an init of this cluster."""
    wanted = f"waqiti-init\0{cluster.layout.root}\0".encode()
    return [pid for pid in all_pids() if command_of(pid).endswith(wanted)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_nothing_is_healed_where_nothing_is_broken(cluster: Cluster) -> None:
    assert heal_init(cluster.layout) is False


def test_a_killed_init_is_healed_and_nobody_notices(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    processes, addresses, start = cluster.pids(), ports(cluster), launch(cluster)
    monkeypatch.setenv("OF_WHO_HEALS", "1")

    with Requests(cluster.port("alpha"), passers=4) as requests:
        kill_init(cluster)
        assert [row.state for row in cluster.status.deployments] == ["Ready", "Ready"]
        heal(cluster)
        asked = len(requests.pids)
        eventually(lambda: len(requests.pids) > asked + 100, "requests flow on")

    assert requests.failures == []
    assert (cluster.pids(), ports(cluster), launch(cluster)) == (processes, addresses, start)
    assert cluster.status.ready
    assert cluster.status.supervisor.pid is not None
    assert "OF_WHO_HEALS" not in environment_of(cluster.status.supervisor.pid)


def test_who_watches_over_init_starts_another_within_two_seconds(cluster: Cluster) -> None:
    async def watched() -> float:
        stop, former = asyncio.Event(), cluster.status.supervisor.pid
        watching = asyncio.create_task(InitWatch(cluster.layout).run(stop))
        try:
            await asyncio.sleep(0)
            kill_init(cluster)
            began = time.monotonic()
            while cluster.status.init.pid is None:
                await asyncio.sleep(0.05)
            noticed = time.monotonic() - began
            await asyncio.to_thread(until_healed, cluster, former)
            return noticed
        finally:
            stop.set()
            await watching

    assert asyncio.run(watched()) < 2
    assert len(inits(cluster)) == 1


def test_under_the_next_init_everything_heals_and_restarts_as_before(cluster: Cluster) -> None:
    kill_init(cluster)
    heal(cluster)
    worker, api, addresses = cluster.pid("alpha", "worker"), cluster.pid("beta", "api"), ports(cluster)

    os.kill(worker, signal.SIGKILL)
    noticed = eventually(lambda: cluster.deployment("alpha").state != "Ready", "the end is noticed")
    eventually(lambda: cluster.status.ready, "it is started again")
    with Requests(cluster.port("beta"), passers=2) as requests:
        until_healed(cluster, kill_supervisor(cluster))
        cluster.restart("beta")

    assert noticed < 0.5
    last = cluster.replica("alpha").last_exit
    assert last is not None
    assert (last.code, last.signal) == (None, None), "nobody could learn how it ended"
    assert requests.failures == []
    assert cluster.pid("beta", "api") != api
    assert ports(cluster) == addresses


def test_init_and_supervisor_killed_together_are_healed_and_nobody_notices(cluster: Cluster) -> None:
    processes, addresses = cluster.pids(), ports(cluster)

    with Requests(cluster.port("alpha"), passers=4) as requests:
        kill_init(cluster)
        kill_supervisor(cluster)
        heal(cluster)

    assert requests.failures == []
    assert (cluster.pids(), ports(cluster)) == (processes, addresses)


def test_of_many_who_heal_at_once_one_starts_the_init(cluster: Cluster) -> None:
    former = cluster.status.supervisor.pid
    kill_init(cluster)

    threads = [threading.Thread(target=heal_init, args=(cluster.layout,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until_healed(cluster, former)

    eventually(lambda: inits(cluster) == [cluster.status.init.pid], "the others end")


def test_an_init_that_is_killed_right_after_it_took_over_is_followed_by_another(cluster: Cluster) -> None:
    processes = cluster.pids()

    with Requests(cluster.port("alpha"), passers=2) as requests:
        for _ in range(3):
            kill_init(cluster)
            assert heal_init(cluster.layout)
            eventually(lambda: cluster.status.init.pid is not None, "it has taken over")
        kill_init(cluster)
        heal(cluster)

    assert requests.failures == []
    assert cluster.pids() == processes


def test_a_socket_whose_only_holder_is_just_starting_is_waited_for(cluster: Cluster) -> None:
    victim, addresses = cluster.pid("beta", "api"), ports(cluster)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: cluster.replica("beta").pid not in {None, victim}, "another one begins")
    starting = cluster.pid("beta", "api")

    kill_init(cluster)
    kill_supervisor(cluster)
    heal(cluster)
    eventually(lambda: cluster.status.ready, "it is ready")

    assert cluster.pid("beta", "api") == starting
    assert ports(cluster) == addresses


def test_a_restart_goes_on_when_init_is_killed_and_healed_in_the_middle(cluster: Cluster) -> None:
    before = cluster.pid("alpha", "api")
    environment = {**os.environ, "WAQITI_STATE": str(cluster.layout.root)}
    command = [sys.executable, "-m", "waqiti", "cluster", "restart", "alpha", "--json"]

    with (
        Requests(cluster.port("alpha"), passers=2) as requests,
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as restarting,
    ):
        eventually(lambda: len(cluster.deployment("alpha").replicas) == 2, "the new replica has begun")
        kill_init(cluster)
        heal(cluster)
        assert restarting.wait(timeout=40) == 0

    assert requests.failures == []
    assert cluster.pid("alpha", "api") != before


def test_a_restart_that_finds_no_init_has_it_healed(cluster: Cluster) -> None:
    before = cluster.pid("beta", "api")
    kill_init(cluster)

    cluster.restart("beta")

    assert cluster.pid("beta", "api") != before
    eventually(lambda: cluster.status.init.pid is not None, "init is there again")


def test_what_a_replica_has_started_is_left_alone_and_a_replica_that_nobody_knows_is_not(cluster: Cluster) -> None:
    cluster.misbehave("beta", "api", "spawn")
    cluster.restart("beta")
    child = int((cluster.layout.root / "misbehave" / "beta.api").read_text())
    cluster.misbehave("beta", "api", None)
    environment = {**os.environ, "WAQITI_STATE": str(cluster.layout.root), "WAQITI_REPLICA": "beta-2"}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=environment) as unknown:
        kill_init(cluster)
        heal(cluster)

        assert unknown.wait(timeout=5) == -signal.SIGKILL
        os.kill(child, 0)


def test_a_start_has_a_killed_init_healed_and_starts_nothing_else(cluster: Cluster) -> None:
    processes = cluster.pids()
    kill_init(cluster)

    assert cluster.start() is False

    assert cluster.status.ready
    assert cluster.status.init.pid is not None
    assert cluster.pids() == processes


def test_an_init_that_is_killed_while_it_stops_everything_is_not_followed_by_another(cluster: Cluster) -> None:
    processes, healed = refs(cluster), []
    with Requests(cluster.port("alpha"), clients=1):
        stopping = threading.Thread(target=cluster.stop)
        stopping.start()
        eventually(cluster.layout.stopped.exists, "it begins")
        kill_init(cluster)
        while stopping.is_alive():
            healed.append(heal_init(cluster.layout))
            time.sleep(0.02)
    healed.append(heal_init(cluster.layout))

    assert not any(healed)
    assert not any(ref.alive for ref in processes)
    assert inits(cluster) == []
    assert cluster.start() is True


def test_without_an_init_a_stop_still_ends_everything(cluster: Cluster) -> None:
    processes = refs(cluster)
    kill_init(cluster)
    kill_supervisor(cluster)

    cluster.stop()

    assert not any(ref.alive for ref in processes)
    assert heal_init(cluster.layout) is False
    assert cluster.start() is True
