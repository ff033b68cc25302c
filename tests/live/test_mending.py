"""A supervisor that hangs, a specification that is damaged, files that a crash of the machine emptied: it goes on."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.clusters import AUTHOR, Cluster, Requests, eventually, running_cluster
from waqiti.operations.cluster.rolling import scale_deployment
from waqiti.operations.cluster.supervision.init import HUNG_SECONDS, LOOK_SECONDS
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.processes import ProcessRef, all_pids, environment_of, wait_gone


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture(autouse=True)
def ready_before(cluster: Cluster) -> None:
    eventually(lambda: cluster.status.ready and cluster.status.supervisor.ready, "the cluster is ready")


def supervisor(cluster: Cluster) -> int:
    pid = cluster.status.supervisor.pid
    assert pid is not None
    return pid


def until_followed(cluster: Cluster, former: int, timeout_seconds: float = 20) -> None:
    def followed() -> bool:
        found = cluster.status.supervisor
        return found.ready and found.pid != former

    eventually(followed, "another supervisor", timeout_seconds)


def test_a_supervisor_that_hangs_is_not_ready_and_is_followed_by_one_that_does_nothing_late(cluster: Cluster) -> None:
    victim, before = supervisor(cluster), cluster.pids()

    with Requests(cluster.port("alpha")) as requests:
        os.kill(victim, signal.SIGSTOP)
        with pytest.raises(ClusterError, match="The supervisor does not answer"):
            cluster.restart("alpha")
        assert not cluster.status.supervisor.ready
        assert "no sign of life" in cluster.status.supervisor.note
        until_followed(cluster, victim, HUNG_SECONDS + 2 * LOOK_SECONDS)

    assert requests.failures == []
    assert cluster.pids() == before, "what failed is not done later"


def test_a_supervisor_that_goes_on_in_time_does_nothing_late(cluster: Cluster) -> None:
    victim, before = supervisor(cluster), cluster.pids()

    os.kill(victim, signal.SIGSTOP)
    with pytest.raises(ClusterError, match="The supervisor does not answer"):
        cluster.restart("alpha")
    os.kill(victim, signal.SIGCONT)
    eventually(lambda: cluster.status.supervisor.ready, "it goes on")

    scale_deployment(cluster.layout, "beta", 1, AUTHOR)
    assert (supervisor(cluster), cluster.pids()) == (victim, before)


def test_a_damaged_specification_costs_no_replica_and_no_count(cluster: Cluster) -> None:
    scale_deployment(cluster.layout, "alpha", 2, AUTHOR)
    victim, before = supervisor(cluster), cluster.pids()

    os.kill(victim, signal.SIGKILL)
    cluster.layout.specification("alpha").write_bytes(b"{")
    until_followed(cluster, victim)

    assert cluster.pids() == before
    assert (cluster.deployment("alpha").desired, cluster.deployment("alpha").note[:16]) == (2, "wanted are 2 now")
    scale_deployment(cluster.layout, "alpha", 1, AUTHOR)
    assert cluster.deployment("alpha").note == ""


def test_a_deployment_that_forgot_a_revision_loses_its_replicas_of_it_and_no_other_does(cluster: Cluster) -> None:
    victim, alpha, beta = supervisor(cluster), cluster.pid("alpha", "api"), cluster.pid("beta", "api")
    record = cluster.layout.record.read_bytes()
    number = cluster.replica("alpha").revision

    os.kill(victim, signal.SIGKILL)
    cluster.layout.record.write_bytes(record.replace(f'"revision": {number},'.encode(), b'"revision": 77,', 1))
    until_followed(cluster, victim)
    eventually(lambda: alpha not in cluster.pids() and cluster.status.ready, "what it ran is replaced")

    assert cluster.pid("beta", "api") == beta


def test_after_a_crash_of_the_machine_that_emptied_files_everything_starts(cluster: Cluster) -> None:
    init = cluster.status.init.pid
    assert init is not None
    refs = [ProcessRef.of(pid) for pid in (init, supervisor(cluster), *cluster.pids())]
    for ref in refs:
        ref.send(signal.SIGKILL)
    assert wait_gone(refs, 10) == []
    files = [cluster.layout.cluster / name for name in ("record.json", "init.json", "ports.json", "environment")]
    for file in files:
        file.write_bytes(b"")

    assert cluster.start()

    assert cluster.status.ready


def test_a_damaged_record_is_written_again_and_without_a_supervisor_nothing_runs_twice(cluster: Cluster) -> None:
    before, victim = cluster.pids(), supervisor(cluster)
    cluster.layout.record.write_bytes(b"{")
    eventually(lambda: cluster.status.ready and cluster.status.supervisor.ready, "it is written again")
    assert cluster.pids() == before

    os.kill(victim, signal.SIGKILL)
    cluster.layout.record.write_bytes(b"{")
    until_followed(cluster, victim)
    eventually(lambda: cluster.status.ready, "everything was started anew")

    assert not any(pid in all_pids() and environment_of(pid) for pid in before)
