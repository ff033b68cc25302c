"""The contract of whatever runs deployments, kept by the processes of this machine."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.clusters import REPOSITORY, Cluster, eventually, running_cluster
from tests.support.contract import DiagnosticsContract, WorkloadsContract
from waqiti.operations.cluster.backend.diagnostics import LocalDiagnostics
from waqiti.operations.cluster.backend.workloads import LocalWorkloads
from waqiti.operations.cluster.credentials import MintedKeys, write_credentials

KEYS = MintedKeys(api_key="a", operator_key="o", approver_key="p")


class Local:
    """Stand-ins that are processes of this machine."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.workloads = LocalWorkloads(cluster.layout)
        self.diagnostics = LocalDiagnostics(cluster.layout)
        self.seen = cluster.layout.root / "seen"
        self.seen.mkdir()
        write_credentials(cluster.layout, KEYS, base_url="", services={"operations": ""}, databases={})

    def misbehave(self, name: str, fault: str | None) -> None:
        self._cluster.misbehave(name, "api", fault)

    @contextmanager
    def silent(self, name: str) -> Iterator[str]:
        replica = self._cluster.deployment(name).replicas[-1]
        assert replica.pid is not None
        os.kill(replica.pid, signal.SIGSTOP)
        try:
            yield replica.name
        finally:
            os.kill(replica.pid, signal.SIGCONT)
            eventually(lambda: self._cluster.deployment(name).state == "Ready", "it answers again")

    def release(self, directory: Path) -> Path:
        shutil.copytree(REPOSITORY / "src", directory, ignore=shutil.ignore_patterns("__pycache__"))
        (directory / "waqiti" / "__init__.py").write_text('"""A release."""\n\n__version__ = "9.9.9"\n')
        return directory


@pytest.fixture(scope="module")
def backend() -> Iterator[Local]:
    with running_cluster() as cluster:
        yield Local(cluster)


class TestWorkloads(WorkloadsContract):
    """Changes of processes."""


class TestDiagnostics(DiagnosticsContract):
    """Reads from processes."""
