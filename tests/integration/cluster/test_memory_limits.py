"""A replica that uses more and more memory: found, replaced without a failed request, and killed at its limit."""

import asyncio
import os
import socket
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from tests.support.clusters import REPOSITORY, Requests
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.credentials import ensure_token_keys
from waqiti.operations.cluster.planning import python_module
from waqiti.operations.cluster.releases import CheckedReleases
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.supervision import memory
from waqiti.operations.cluster.supervision.deployment import DeploymentKeeper
from waqiti.operations.cluster.supervision.memory import MemoryWatch
from waqiti.operations.cluster.supervision.replica import Replica, Surroundings
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import boot_id
from waqiti.operations.state.record import InitRecord, Plan, PlannedDeployment, ProcessRecord
from waqiti.operations.switches.publishing import publish

NAME = "beta"
PATIENCE_SECONDS = 20.0
UNLIMITED = 1024**4


class Supervised:
    """One deployment of stand-ins under a keeper and a watch of its memory, in this process."""

    def __init__(self, layout: Layout, port: int, keeper: DeploymentKeeper, tasks: list[asyncio.Task[None]]) -> None:
        self.layout = layout
        self.tasks = tasks
        self.port = port
        self.keeper = keeper

    @property
    def replica(self) -> Replica:
        (replica,) = self.keeper.replicas
        return replica

    @property
    def process(self) -> ProcessRecord:
        (process,) = self.replica.record().processes
        return process

    def journal(self, kind: str) -> list[JournalEntry]:
        lines = self.layout.events.read_bytes().splitlines()
        entries = [msgspec.json.decode(line, type=JournalEntry) for line in lines]
        return [entry for entry in entries if entry.kind == kind]

    async def grow(self, megabytes: int) -> None:
        url = f"http://127.0.0.1:{self.process.port}/grow/{megabytes}"
        await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).read())

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, f"not in time: {what}"
            for task in self.tasks:
                assert not task.done(), task.exception()
            await asyncio.sleep(0.02)


def limit(monkeypatch: pytest.MonkeyPatch, limit_bytes: int) -> None:
    monkeypatch.setattr(Replica, "memory_limit_bytes", limit_bytes)


@asynccontextmanager
async def supervised(state: Path) -> AsyncIterator[Supervised]:
    layout = Layout(state)
    make_state_directory(layout)
    ensure_token_keys(layout, [NAME])
    publish(layout)
    plan = Plan(
        base_url="",
        deployments=(PlannedDeployment(name=NAME),),
        serve=python_module("tests.support.standin"),
        supervisor=(),
    )
    reading, writing = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as shared:
        port = shared.getsockname()[1]
        init = InitRecord(
            boot_id=boot_id(),
            pid=os.getpid(),
            start_ticks=0,
            ports={NAME: port},
            descriptors={NAME: (shared.fileno(),)},
        )
        around = Surroundings(
            layout,
            plan,
            init,
            HandedOnExits(reading),
            Journal(layout.events),
            lambda: None,
            lambda _: None,
            CheckedReleases(layout),
        )
        keeper = DeploymentKeeper(around, plan.deployments[0])
        keeper.start_anew()
        tasks = [
            asyncio.create_task(keeper.run()),
            asyncio.create_task(MemoryWatch(layout, [keeper], around.journal).run()),
        ]
        running = Supervised(layout, port, keeper, tasks)
        try:
            await running.until(lambda: keeper.ready, "it is ready")
            yield running
        finally:
            await keeper.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            os.close(reading)
            os.close(writing)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paths = filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH")))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    limit(monkeypatch, UNLIMITED)
    return tmp_path / "state"


async def test_a_replica_near_its_limit_is_replaced_once_and_no_request_fails(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with supervised(state) as beta:
        former = beta.replica
        await beta.grow(60)

        with Requests(beta.port) as requests:
            limit(monkeypatch, former.memory_bytes * 100 // 94)
            await beta.until(lambda: former not in beta.keeper.replicas, "another is in its place")
            await beta.until(lambda: beta.keeper.ready, "that one is ready")
            asked = len(requests.pids)
            await beta.until(lambda: len(requests.pids) > asked + 20, "requests flow on")

        assert requests.failures == []
        assert beta.replica.name == "beta-2"
        (found,), (replaced,) = beta.journal("memory_finding"), beta.journal("memory_replacement")
        assert (found.replica, replaced.replica) == ("beta-1", "beta-1")
        assert found.detail.endswith("94 %")

        limit(monkeypatch, beta.replica.memory_bytes * 100 // 94)
        await beta.until(lambda: len(beta.journal("memory_finding")) == 2, "the other one is a finding too")
        # The watch of a supervisor that comes after a killed one.
        MemoryWatch(beta.layout, [beta.keeper], Journal(beta.layout.events)).look(time.monotonic())
        await asyncio.sleep(1.2)
        assert len(beta.journal("memory_finding")) == 2, "said once"
        assert len(beta.journal("memory_replacement")) == 1, "one in five minutes"
        assert beta.replica.name == "beta-2"


async def test_at_its_limit_a_replica_is_killed_and_comes_back(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with supervised(state) as beta:
        used = beta.replica.memory_bytes
        limit(monkeypatch, used + 50 * 1024**2)

        with suppress(OSError):  # it may be killed before it answers
            await beta.grow(60)
        await beta.until(lambda: beta.process.last_exit is not None, "it is killed")
        await beta.until(lambda: beta.keeper.ready, "it is back")

        last = beta.process.last_exit
        assert last is not None
        assert (last.code, last.signal, last.reason) == (None, 9, "OOMKilled")
        (ended,) = beta.journal("exit")
        assert (ended.replica, ended.reason, ended.signal) == ("beta-1", "OOMKilled", 9)
        assert beta.replica.name == "beta-1"


async def test_a_replica_whose_successor_is_not_ready_in_time_stays(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SUCCESSOR_SECONDS", 2.0)
    async with supervised(state) as beta:
        former = beta.replica
        (fault := beta.layout.root / "misbehave" / f"{NAME}.api").parent.mkdir()
        fault.write_text("unready")

        limit(monkeypatch, former.memory_bytes * 100 // 94)
        await beta.until(lambda: bool(beta.journal("memory_replacement")), "it shall be replaced")
        await beta.until(lambda: beta.keeper.replicas == (former,) and not former.outgrown, "it stays after all")

        assert former.ready
