"""A cluster of stand-ins: init and supervisor as they are, deployments that start fast and misbehave when told to."""

import http.client
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from waqiti.operations.cluster.credentials import ensure_token_keys
from waqiti.operations.cluster.planning import python_module
from waqiti.operations.cluster.rolling import restart_deployment
from waqiti.operations.cluster.starting import start_cluster
from waqiti.operations.cluster.state_directory import wipe
from waqiti.operations.cluster.status import ClusterStatus, DeploymentStatus, ReplicaStatus, cluster_status
from waqiti.operations.cluster.stopping import stop_cluster
from waqiti.operations.cluster.workloads import Author
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import Plan, PlannedDeployment, PlannedPostgres, read_init

REPOSITORY = Path(__file__).parents[2]
ALPHA = PlannedDeployment(name="alpha", roles=("api", "worker"), start_order=1)
AUTHOR = Author(actor="ana", reason="A test.")
LIVENESS_SECONDS = 3.0
BETA = PlannedDeployment(name="beta", start_order=2)


class Cluster:
    """A running cluster of ``alpha`` (api and worker) and ``beta`` (api), without PostgreSQL unless it is planned."""

    def __init__(self, state: Path, *, postgres: PlannedPostgres | None = None) -> None:
        self.layout = Layout(state)
        self._postgres = postgres

    def plan(self, _former: Plan | None = None) -> Plan:
        ensure_token_keys(self.layout, [ALPHA.name, BETA.name])
        return Plan(
            base_url="",
            deployments=(ALPHA, BETA),
            serve=(sys.executable, "-m", "tests.support.standin"),
            supervisor=python_module("waqiti.operations.cluster.supervision.supervisor", str(self.layout.root)),
            postgres=self._postgres,
            liveness_seconds=LIVENESS_SECONDS,
        )

    def start(self) -> bool:
        return start_cluster(self.layout, self.plan, lambda _status: None)

    def restart(self, name: str) -> None:
        restart_deployment(self.layout, name, AUTHOR)

    def stop(self) -> None:
        stop_cluster(self.layout)

    def wipe(self) -> None:
        stop_cluster(self.layout)
        wipe(self.layout)

    def misbehave(self, name: str, role: str, fault: str | None) -> None:
        """Have processes that start from now on behave badly, or well again."""
        file = self.layout.root / "misbehave" / f"{name}.{role}"
        file.parent.mkdir(exist_ok=True)
        if fault is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(fault)

    @property
    def status(self) -> ClusterStatus:
        return cluster_status(self.layout)

    def deployment(self, name: str) -> DeploymentStatus:
        return next(row for row in self.status.deployments if row.name == name)

    def replica(self, name: str) -> ReplicaStatus:
        (replica,) = self.deployment(name).replicas
        return replica

    def pid(self, name: str, role: str) -> int:
        pids = [process.pid for process in self.replica(name).processes if process.role == role]
        assert len(pids) == 1, f"{name} has {len(pids)} {role} processes"
        return pids[0]

    def pids(self) -> set[int]:
        return {
            process.pid for row in self.status.deployments for replica in row.replicas for process in replica.processes
        }

    def port(self, name: str) -> int:
        """Return the port that all replicas of a deployment share."""
        init = read_init(self.layout)
        assert init is not None
        return init.ports[name]


@contextmanager
def running_cluster(*, postgres: PlannedPostgres | None = None) -> Iterator[Cluster]:
    """Run a cluster in a directory of its own; nothing is left of it."""
    directory = Path(tempfile.mkdtemp(prefix="waqiti-cluster-"))
    cluster = Cluster(directory / "state", postgres=postgres)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), before)))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.wipe()
        shutil.rmtree(directory)
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def eventually(condition: Callable[[], bool], what: str, timeout_seconds: float = 20.0) -> float:
    """Wait until ``condition`` holds; return how many seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_seconds, f"not within {timeout_seconds:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


class Requests:
    """Clients that ask one port until they are told to stop; a failed request is kept, and none is repeated.

    ``clients`` keep their connections, ``passers`` open one for each request.
    """

    def __init__(self, port: int, clients: int = 4, passers: int = 0) -> None:
        self._port = port
        self._stop = threading.Event()
        kept = [True] * clients + [False] * passers
        self._threads = [threading.Thread(target=self._ask, args=(keeps,)) for keeps in kept]
        self.pids: list[int] = []
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        eventually(lambda: len(self.pids) > 20, "requests flow")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, keeps: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                self.pids.append(int(answer.read()))
                if not keeps:
                    connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()
