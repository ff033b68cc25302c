"""Changes of a running deployment: scaled, set, deployed and undone while requests flow."""

import asyncio
import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.clusters import AUTHOR, Cluster, Requests, eventually, running_cluster
from waqiti.foundation.clock import utc_now
from waqiti.operations.changes.listing import changes_since
from waqiti.operations.cluster import rolling
from waqiti.operations.cluster.rolling import Done
from waqiti.operations.cluster.specification import Specification, read_specification
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.journal import JournalEntry
from waqiti.operations.state.processes import environment_of
from waqiti.operations.store import transaction
from waqiti.operations.store.audit import newest

SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Iterator[Cluster]:
    """One replica of each deployment, of its first revision; it may misbehave until the test ends."""
    for name in ("alpha", "beta"):
        scale(running, name, 1)
        undo(running, name, to=1)
    yield running
    running.misbehave("beta", "api", None)


def newest_number(cluster: Cluster, name: str) -> int:
    return max(one.number for one in spec(cluster, name).revisions)


def answered_by(port: int) -> int:
    """Ask over a connection of its own; return the pid that answered."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/")
        return int(connection.getresponse().read())


def scale(cluster: Cluster, name: str, replicas: int) -> Done:
    return rolling.scale_deployment(cluster.layout, name, replicas, AUTHOR)


def configure(cluster: Cluster, name: str, **environment: str | None) -> Done:
    return rolling.configure_deployment(cluster.layout, name, environment, None, AUTHOR)


def deploy(cluster: Cluster, name: str, release: Path) -> Done:
    return rolling.deploy_release(cluster.layout, name, release, AUTHOR)


def undo(cluster: Cluster, name: str, to: int | None = None) -> Done:
    return rolling.undo_deployment(cluster.layout, name, to, AUTHOR)


def spec(cluster: Cluster, name: str) -> Specification:
    found = read_specification(cluster.layout, name)
    assert found is not None
    return found


def environments(cluster: Cluster, name: str) -> list[dict[str, str]]:
    return [
        environment_of(process.pid) for replica in cluster.deployment(name).replicas for process in replica.processes
    ]


def release(directory: Path, version: str) -> Path:
    """Make a release: our own package, of another version."""
    shutil.copytree(SOURCES, directory, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "waqiti" / "__init__.py").write_text(f'"""A release."""\n\n__version__ = "{version}"\n')
    return directory


def thin_release(directory: Path) -> Path:
    """Make a release of one file, which has all modules of ours."""
    (directory / "waqiti").mkdir(parents=True)
    (directory / "waqiti" / "__init__.py").write_text(
        f'__path__.append("{SOURCES / "waqiti"}")\n__version__ = "9.9.9"\n'
    )
    return directory


def broken_release(directory: Path) -> Path:
    """Make a release that ends as soon as it is imported."""
    (directory / "waqiti").mkdir(parents=True)
    (directory / "waqiti" / "__init__.py").write_text('raise RuntimeError("a release that cannot start")\n')
    return directory


class Background:
    """A change that another thread asks for; how it ended is told by ``failure``."""

    def __init__(self, change: Callable[[], object]) -> None:
        self.failure: str | None = None
        self._change = change
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def join(self) -> str | None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self.failure

    def _run(self) -> None:
        try:
            self._change()
        except ClusterError as error:
            self.failure = str(error)


def test_a_deployment_is_scaled_up_and_down_without_a_failed_request(cluster: Cluster) -> None:
    first = cluster.pid("alpha", "api")

    with Requests(cluster.port("alpha")) as requests:
        scale(cluster, "alpha", 3)
        up = cluster.deployment("alpha")
        answering = {answered_by(cluster.port("alpha")) for _ in range(100)}
        scale(cluster, "alpha", 1)

    assert (up.ready, up.desired, len(up.replicas)) == (3, 3, 3)
    assert requests.failures == []
    assert answering == {replica.pid for replica in up.replicas}
    assert cluster.pid("alpha", "api") == first, "the newest go first"

    scale(cluster, "alpha", 0)
    assert (cluster.deployment("alpha").state, cluster.deployment("alpha").replicas) == ("ScaledToZero", ())
    cluster.stop()
    cluster.start()
    assert cluster.deployment("alpha").state == "ScaledToZero"
    scale(cluster, "alpha", 1)
    assert cluster.deployment("alpha").state == "Ready"


def test_what_is_set_reaches_new_replicas_and_an_undo_takes_it_back(cluster: Cluster) -> None:
    before, told_before = newest_number(cluster, "beta"), len(changes(cluster, "beta"))
    first, second = before + 1, before + 2
    configure(cluster, "beta", MALLOC_ARENA_MAX="2", API_TOKEN="hidden")
    (told,) = environments(cluster, "beta")
    again = configure(cluster, "beta", MALLOC_ARENA_MAX="2")
    configure(cluster, "beta", MALLOC_ARENA_MAX="4", API_TOKEN=None)

    assert (told["MALLOC_ARENA_MAX"], told["API_TOKEN"]) == ("2", "hidden")
    assert not again.changed, "what is so already makes no revision"
    assert [one.environment for one in spec(cluster, "beta").revisions[-2:]] == [
        {"API_TOKEN": "hidden", "MALLOC_ARENA_MAX": "2"},
        {"MALLOC_ARENA_MAX": "4"},
    ]

    undo(cluster, "beta")
    undo(cluster, "beta")
    (plain,) = environments(cluster, "beta")
    assert "MALLOC_ARENA_MAX" not in plain
    assert spec(cluster, "beta").revision == 1
    with pytest.raises(ClusterError, match="no revision before 1: there is nothing to undo") as refused:
        undo(cluster, "beta")
    assert refused.value.exit_code == 3

    undo(cluster, "beta", to=first)
    (there,) = environments(cluster, "beta")
    assert there["MALLOC_ARENA_MAX"] == "2"
    journal = changes(cluster, "beta")[told_before:]
    assert [(one.kind, one.before, one.after) for one in journal] == [
        ("environment", "", "API_TOKEN=*** MALLOC_ARENA_MAX=2"),
        ("environment", "API_TOKEN=*** MALLOC_ARENA_MAX=2", "MALLOC_ARENA_MAX=4"),
        ("undo", f"revision {second} ()", f"revision {first} ()"),
        ("undo", f"revision {first} ()", "revision 1 ()"),
        ("undo", "revision 1 ()", f"revision {first} ()"),
    ]
    assert [one.id for one in journal[:2]] == [f"beta/{first}", f"beta/{second}"]
    assert len({one.id for one in journal}) == len(journal)


def changes(cluster: Cluster, name: str) -> list[JournalEntry]:
    lines = cluster.layout.events.read_bytes().splitlines()
    entries = [msgspec.json.decode(line, type=JournalEntry) for line in lines]
    return [entry for entry in entries if entry.actor == AUTHOR.actor and entry.deployment == name]


def test_a_release_is_deployed_and_undone_without_a_failed_request(cluster: Cluster, tmp_path: Path) -> None:
    with Requests(cluster.port("beta")) as requests:
        deploy(cluster, "beta", release(tmp_path / "new", "9.9.9"))
        (told,) = environments(cluster, "beta")
        deployed = cluster.deployment("beta")
        undo(cluster, "beta")
        (back,) = environments(cluster, "beta")

    assert requests.failures == []
    assert told["WAQITI_RELEASE"] == deployed.release
    assert told["PYTHONPATH"].split(os.pathsep)[0] == str(cluster.layout.release(deployed.release))
    assert back["WAQITI_RELEASE"] == ""
    assert spec(cluster, "beta").numbered(deployed.revision).rolled_back_at is not None
    with transaction(cluster.layout.operations_store) as connection:
        assert [entry.action for entry in newest(connection, 2)] == ["deployment.undo", "deployment.deploy"]


def test_a_release_that_cannot_start_is_given_up_and_the_undo_after_it_goes_no_step_further(
    cluster: Cluster, tmp_path: Path
) -> None:
    configure(cluster, "beta", GREETING="hello")
    serving, before = newest_number(cluster, "beta"), cluster.pid("beta", "api")
    bad = broken_release(tmp_path / "bad")

    with Requests(cluster.port("beta")) as requests:
        with pytest.raises(
            ClusterError, match=rf"(?s)ends again and again; revision {serving} serves on.*cannot start"
        ) as failed:
            deploy(cluster, "beta", bad)
        undone = undo(cluster, "beta")

    assert failed.value.exit_code == 1
    assert requests.failures == []
    assert not undone.changed
    eventually(lambda: cluster.deployment("beta").state == "Ready", "the new replica has left")
    assert cluster.pid("beta", "api") == before
    assert spec(cluster, "beta").revision == serving
    assert "ends again and again" in (spec(cluster, "beta").numbered(serving + 1).given_up or "")

    configure(cluster, "beta", GREETING="good day")
    assert spec(cluster, "beta").in_force.parent == serving
    undo(cluster, "beta")
    assert spec(cluster, "beta").revision == serving


def test_a_newer_change_takes_the_place_of_one_under_way(cluster: Cluster) -> None:
    before = cluster.pid("beta", "api")
    cluster.misbehave("beta", "api", "unready")

    setting = Background(lambda: configure(cluster, "beta", GREETING="hello"))
    eventually(lambda: len(cluster.deployment("beta").replicas) == 2, "a new replica has begun")
    undo(cluster, "beta")

    assert setting.join() == "The set of beta was overtaken: an undo by ana came meanwhile"
    assert cluster.pid("beta", "api") == before, "what served fits again"
    assert spec(cluster, "beta").revision == 1
    undone, overtaken = asyncio.run(changes_since(cluster.layout, utc_now() - timedelta(minutes=5), "beta")).changes[:2]
    assert (undone.kind, undone.outcome) == ("undo", "complete")
    assert (overtaken.kind, overtaken.outcome) == ("environment", "overtaken")
    assert overtaken.why == "an undo by ana came meanwhile"


def test_a_scale_goes_on_beside_a_rollout_and_one_that_never_gets_ready_is_taken_back(cluster: Cluster) -> None:
    with Requests(cluster.port("beta")) as requests:
        setting = Background(lambda: configure(cluster, "beta", GREETING="hello"))
        scale(cluster, "beta", 3)
        assert setting.join() is None

    assert [told["GREETING"] for told in environments(cluster, "beta")] == ["hello"] * 3
    cluster.misbehave("beta", "api", "exit")
    with pytest.raises(ClusterError, match="ends again and again; 3 are wanted again"):
        scale(cluster, "beta", 4)
    eventually(lambda: cluster.deployment("beta").state == "Ready", "three serve")
    assert cluster.deployment("beta").desired == 3
    assert requests.failures == []


def test_a_deploy_goes_on_when_the_supervisor_is_killed_in_the_middle_and_outlasts_a_stop(
    cluster: Cluster, tmp_path: Path
) -> None:
    environment = {**os.environ, "WAQITI_STATE": str(cluster.layout.root)}
    new = thin_release(tmp_path / "new")
    command = [sys.executable, "-m", "waqiti", "cluster", "deploy", "beta", "--release", str(new), "--json"]

    with (
        Requests(cluster.port("beta")) as requests,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as deploying,
    ):
        eventually(lambda: len(cluster.deployment("beta").replicas) == 2, "the new replica has begun")
        supervisor = cluster.status.supervisor.pid
        assert supervisor is not None
        os.kill(supervisor, signal.SIGKILL)
        output, _ = deploying.communicate(timeout=60)

    assert deploying.returncode == 0
    assert msgspec.json.decode(output)["revision"] == newest_number(cluster, "beta")
    assert requests.failures == []

    cluster.stop()
    cluster.start()
    (told,) = environments(cluster, "beta")
    assert told["WAQITI_RELEASE"] == cluster.deployment("beta").release
    assert len(told["WAQITI_RELEASE"]) == 64
