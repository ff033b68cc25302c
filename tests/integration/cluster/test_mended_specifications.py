"""A deployment whose specification is damaged, or forgets what runs, goes on; others do not even notice."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.clusters import AUTHOR
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.releases import CheckedReleases
from waqiti.operations.cluster.specification import read_specification
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.cluster.supervision.control import Command, ControlRequest
from waqiti.operations.cluster.supervision.deployment import DeploymentKeeper
from waqiti.operations.cluster.supervision.replica import Replica, Surroundings
from waqiti.operations.state.files import write_document
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id
from waqiti.operations.state.record import (
    DeploymentRecord,
    InitRecord,
    Plan,
    PlannedDeployment,
    ProcessRecord,
    Record,
    ReplicaRecord,
)

RELEASE = "a" * 64
ALPHA = PlannedDeployment(name="alpha")
PLAN = Plan(base_url="", deployments=(ALPHA,), serve=("true",), supervisor=("true",), release="1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state")
    make_state_directory(layout)
    write_document(layout.plan, PLAN)
    return layout


@pytest.fixture
def start() -> Iterator[Callable[[], ProcessRef]]:
    """Start processes that are of ``RELEASE``."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> ProcessRef:
        command = [sys.executable, "-S", "-c", "import sys, time; print(1); sys.stdout.flush(); time.sleep(60)"]
        process = subprocess.Popen(command, env={"WAQITI_RELEASE": RELEASE}, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return ProcessRef.of(process.pid)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def keeper(layout: Layout) -> DeploymentKeeper:
    init = InitRecord(boot_id=boot_id(), pid=1, start_ticks=1)
    around = Surroundings(
        layout,
        PLAN,
        init,
        HandedOnExits(-1),
        Journal(layout.events),
        lambda: None,
        lambda _ended: None,
        CheckedReleases(layout),
    )
    return DeploymentKeeper(around, ALPHA)


def asked(command: Command, **wanted: Any) -> ControlRequest:
    deadline_ns = time.monotonic_ns() + 5 * 10**9
    return ControlRequest(
        command=command, name="alpha", by=AUTHOR, **{"id": "one", "deadline_ns": deadline_ns, **wanted}
    )


def running(*refs: ProcessRef, revision: int) -> DeploymentRecord:
    return DeploymentRecord(
        name="alpha", replicas=tuple(replica(number, ref, revision) for number, ref in enumerate(refs, 1))
    )


def replica(number: int, ref: ProcessRef, revision: int) -> ReplicaRecord:
    process = ProcessRecord(
        role="api",
        ref=ref,
        started_at=None,
        port=None,
        ready=True,
        was_ready=True,
        looping=False,
        restarts=0,
        last_exit=None,
    )
    return ReplicaRecord(
        name=f"alpha-{number}", number=number, revision=revision, epoch=2, draining=False, processes=(process,)
    )


def write_record(layout: Layout, row: DeploymentRecord) -> None:
    ref = ProcessRef(1, 1)
    record = Record(
        boot_id=boot_id(),
        init=ref,
        supervisor=ref,
        ready=True,
        prepared=True,
        failure=None,
        postgres=None,
        deployments=(row,),
    )
    write_document(layout.record, record)


def journal(layout: Layout) -> list[JournalEntry]:
    return [msgspec.json.decode(line, type=JournalEntry) for line in layout.events.read_bytes().splitlines()]


async def test_a_replica_of_a_forgotten_revision_leaves_and_nothing_else_does(
    layout: Layout, start: Callable[[], ProcessRef]
) -> None:
    ref = start()
    alpha = keeper(layout)

    alpha.adopt(running(ref, revision=7))

    assert [one.draining for one in alpha.replicas] == [True]
    async with asyncio.timeout(5):
        while alpha.replicas:
            await asyncio.sleep(0.02)
    assert not ref.alive
    assert "Revision 7 is not remembered: alpha-1, of it, leaves" in {one.detail for one in journal(layout)}


async def test_what_replicas_run_is_remembered_however_many_revisions_come_after(
    layout: Layout, start: Callable[[], ProcessRef]
) -> None:
    keeper(layout).start_anew()
    alpha = keeper(layout)
    alpha.adopt(running(start(), revision=1))

    for number in range(120):
        environment: dict[str, str | None] = {"ROUND": str(number)}
        await alpha.change(asked("set", id=str(number), environment=environment))

    spec = read_specification(layout, "alpha")
    assert spec is not None
    assert spec.numbered(1).environment == {}
    await alpha.stop()


@pytest.mark.parametrize("content", [b"", b"{", None])
async def test_what_was_damaged_is_made_anew_from_what_runs(
    layout: Layout, start: Callable[[], ProcessRef], content: bytes | None
) -> None:
    row = running(start(), start(), start(), revision=7)
    write_record(layout, row)
    if content is not None:
        layout.specification("alpha").write_bytes(content)

    alpha = keeper(layout)
    alpha.adopt(row)

    spec = read_specification(layout, "alpha")
    assert spec is not None
    assert (spec.desired, spec.revision, spec.epoch, spec.in_force.release) == (3, 7, 2, RELEASE)
    assert not any(one.draining for one in alpha.replicas), "what runs goes on"
    assert [one.kind for one in journal(layout)] == ["mended"]
    kept = [file.read_bytes() for file in layout.deployments.glob("alpha.json.damaged-*")]
    assert kept == ([] if content is None else [content])
    (shown,) = cluster_status(layout).deployments
    assert shown.note.startswith("wanted are 3 now (counted by what runs)")
    await alpha.stop()


async def test_what_is_damaged_while_its_keeper_lives_is_written_again_and_nothing_is_lost(layout: Layout) -> None:
    alpha = keeper(layout)
    alpha.start_anew()
    whole = read_specification(layout, "alpha")
    layout.specification("alpha").write_bytes(b"{")
    (shown,) = cluster_status(layout).deployments
    assert "is damaged" in shown.note, "status answers all the same"

    alpha.mend()
    alpha.mend()

    assert read_specification(layout, "alpha") == whole
    assert [one.kind for one in journal(layout)] == ["mended"]


async def test_a_scale_is_not_given_up_at_once_because_of_a_replica_that_was_there_before(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replica, "looping", True)
    monkeypatch.setattr(Replica, "begin", lambda _self: None)
    alpha = keeper(layout)
    alpha.start_anew()
    alpha._add()
    await alpha.change(asked("scale", replicas=2))
    (former,) = alpha.replicas
    assert not alpha._give_up_in_time([former])

    alpha._add()

    assert alpha._give_up_in_time(list(alpha.replicas))
    assert alpha._spec.desired == 1
    await alpha.stop()


async def test_a_change_that_became_late_while_a_release_was_read_is_not_begun(layout: Layout) -> None:
    alpha = keeper(layout)
    alpha.start_anew()

    reply = await alpha.change(asked("scale", replicas=2, deadline_ns=1))

    assert reply.error is not None
    assert alpha._spec.desired == 1
