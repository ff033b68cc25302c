"""Switches are stored, published and confirmed; also by several commands at once, and by ones that die."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.operations.kills_at_every_line import Found
from tests.support.clusters import REPOSITORY
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import AppliedFile, SwitchFile, Value, replace_file
from waqiti.operations.cluster.starting import start_cluster
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import write_document
from waqiti.operations.state.journal import JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id
from waqiti.operations.state.record import DeploymentRecord, Plan, ProcessRecord, Record, ReplicaRecord
from waqiti.operations.store import audit, transaction
from waqiti.operations.switches import confirming
from waqiti.operations.switches.changing import ChangedSwitch, SwitchChange, change
from waqiti.operations.switches.listing import list_switches
from waqiti.operations.switches.present import is_published, published
from waqiti.operations.switches.publishing import publish

PAYMENTS = "payment-service"
SPAWNED = get_context("spawn")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    make_state_directory(layout)
    return layout


def set_switch(
    layout: Layout, name: str, value: Value | None = True, service: str = PAYMENTS, expires_at: datetime | None = None
) -> ChangedSwitch:
    wanted = SwitchChange(
        name=name, value=value, services=(service,), actor="ana", reason="A test.", expires_at=expires_at
    )
    return change(layout, wanted)


def live(document: SwitchFile) -> dict[tuple[str, str], Value]:
    return {(switch.service, switch.name): switch.value for switch in document.switches}


def entries(layout: Layout) -> list[tuple[str, str, Any]]:
    with transaction(layout.operations_store) as connection:
        assert audit.verify(connection).intact
        rows = connection.execute("SELECT actor, action, details FROM audit ORDER BY seq").fetchall()
    return [(actor, action, json.loads(details)) for actor, action, details in rows]


def test_a_change_is_published_and_audited_with_what_was_before(layout: Layout) -> None:
    first = set_switch(layout, "READ_ONLY_MODE")
    second = set_switch(layout, "READ_ONLY_MODE", value=None)

    assert (first.revision, second.revision) == (1, 2)
    assert published(layout) == SwitchFile(2)
    (_, action, details), (actor, unset, after) = entries(layout)
    assert (action, details["before"], details["value"]) == ("switch.set", {PAYMENTS: None}, True)
    assert (actor, unset, after["before"], after["value"]) == ("ana", "switch.unset", {PAYMENTS: True}, None)
    told = [msgspec.json.decode(line, type=JournalEntry) for line in layout.events.read_text().splitlines()]
    assert [(entry.actor, entry.before, entry.after, entry.reason) for entry in told] == [
        ("ana", "READ_ONLY_MODE=false", "READ_ONLY_MODE=true", "A test."),
        ("ana", "READ_ONLY_MODE=true", "READ_ONLY_MODE=false", "A test."),
    ]
    assert len({entry.id for entry in told}) == 2


def test_unsetting_what_is_not_set_says_so_and_makes_no_revision(layout: Layout) -> None:
    set_switch(layout, "READ_ONLY_MODE")
    set_switch(layout, "READ_ONLY_MODE", value=None)

    again = set_switch(layout, "READ_ONLY_MODE", value=None)

    assert (again.revision, again.notes) == (2, ("READ_ONLY_MODE is not set: there is nothing to unset",))
    assert published(layout) == SwitchFile(2)
    assert len(entries(layout)) == 2


@pytest.mark.parametrize("executor", [partial(ThreadPoolExecutor, 8), partial(ProcessPoolExecutor, 3, SPAWNED)])
def test_many_commands_at_once_lose_nothing_and_the_last_revision_is_published(
    layout: Layout, executor: Callable[[], Executor]
) -> None:
    names = [f"SWITCH_{number}" for number in range(24)]
    with executor() as pool:
        revisions = [done.revision for done in pool.map(partial(set_switch, layout), names)]

    assert sorted(revisions) == list(range(1, 25))
    document = published(layout)
    assert document.revision == 24
    assert live(document) == {(PAYMENTS, name): True for name in names}
    assert len(entries(layout)) == 24


def test_a_reader_never_sees_a_revision_fall_while_many_publish(layout: Layout) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(published(layout).revision)

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: set_switch(layout, f"SWITCH_{number}"), range(12)))
    stop.set()
    reader.join()

    # Revision 0 stands for a file that is not there, or cut off.
    assert seen == sorted(seen)


def test_what_a_killed_command_has_stored_is_published_by_the_next_look(layout: Layout) -> None:
    set_switch(layout, "EMERGENCY_MODE")
    killed = subprocess.run(
        [sys.executable, "-m", "tests.integration.operations.killed_setter", str(layout.root), "READ_ONLY_MODE"],
        cwd=REPOSITORY,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert published(layout).revision == 1

    listed = list_switches(layout)

    assert (listed.revision, published(layout).revision) == (2, 2)
    (row,) = [row for row in listed.switches if (row.name, row.service) == ("READ_ONLY_MODE", PAYMENTS)]
    assert (row.value, row.source, row.owner, row.reason) == (True, "live", "killed", "To be killed.")


def test_what_a_killed_command_has_stored_is_published_by_the_next_change(layout: Layout) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.integration.operations.killed_setter", str(layout.root), "READ_ONLY_MODE"],
        cwd=REPOSITORY,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL

    set_switch(layout, "EMERGENCY_MODE")

    assert live(published(layout)) == {(PAYMENTS, "READ_ONLY_MODE"): True, (PAYMENTS, "EMERGENCY_MODE"): True}


def test_a_command_that_is_killed_at_any_line_has_changed_a_switch_or_has_not(layout: Layout) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.operations.kills_at_every_line", str(layout.root)],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    deaths = [msgspec.json.decode(line, type=Found) for line in ran.stdout.splitlines()]

    assert (len(deaths) > 50, deaths[-1].lived) == (True, True)
    for before, found in pairwise([Found.nothing(), *deaths]):
        assert (found.published, found.is_as_stored, found.audit_intact) == (found.stored, True, True), found
        is_changed = found.stored == before.stored + 1
        assert (found.stored, found.value) == (
            (before.stored + 1, found.line) if is_changed else (before.stored, before.value)
        )
    assert deaths[-1].value == deaths[-1].line


def test_a_start_publishes_what_a_killed_command_has_stored_before_anything_runs(layout: Layout) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.integration.operations.killed_setter", str(layout.root), "READ_ONLY_MODE"],
        cwd=REPOSITORY,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL

    def no_plan(_former: Plan | None) -> Plan:
        raise ClusterError("There is no plan.")

    with pytest.raises(ClusterError, match="no plan"):
        start_cluster(layout, no_plan, lambda _status: None)

    assert live(published(layout)) == {(PAYMENTS, "READ_ONLY_MODE"): True}


def test_what_has_expired_is_unset_by_the_next_command_and_audited(layout: Layout) -> None:
    set_switch(layout, "READ_ONLY_MODE", expires_at=utc_now() - timedelta(seconds=1))

    listed = list_switches(layout)

    assert live(published(layout)) == {}
    assert listed.revision == 2
    assert all(row.source == "default" for row in listed.switches)
    assert [(actor, action) for actor, action, _ in entries(layout)] == [
        ("ana", "switch.set"),
        ("expiry", "switch.unset"),
    ]


def test_a_damaged_publication_is_written_again(layout: Layout) -> None:
    set_switch(layout, "READ_ONLY_MODE")
    layout.switches.write_text("{")

    assert publish(layout).revision == 1
    assert live(published(layout)) == {(PAYMENTS, "READ_ONLY_MODE"): True}


@pytest.mark.parametrize("content", [None, b"", b"{"])
def test_also_that_nothing_is_switched_is_published(layout: Layout, content: bytes | None) -> None:
    if content is not None:
        layout.switches.write_bytes(content)
    assert not is_published(layout)

    publish(layout)

    assert is_published(layout)
    assert published(layout) == SwitchFile(0)


def test_a_store_that_was_lost_goes_on_beyond_the_revision_that_replicas_know(layout: Layout) -> None:
    for _ in range(5):
        set_switch(layout, "READ_ONLY_MODE")
    for path in layout.operations.iterdir():
        path.unlink()

    assert set_switch(layout, "READ_ONLY_MODE").revision == 6


class Replica:
    """A live replica as the supervisor records it: two processes, both of them this one."""

    def __init__(self, layout: Layout, *, ready: bool = True) -> None:
        self._layout = layout
        me = ProcessRef.of(os.getpid())
        processes = tuple(
            ProcessRecord(
                role=role,
                ref=me,
                started_at=utc_now(),
                port=1,
                ready=ready,
                was_ready=ready,
                looping=False,
                restarts=0,
                last_exit=None,
            )
            for role in ("api", "worker")
        )
        replica = ReplicaRecord(
            name="payment-service-1", number=1, revision=1, epoch=1, draining=False, processes=processes
        )
        deployment = DeploymentRecord(name=PAYMENTS, replicas=(replica,))
        record = Record(
            boot_id=boot_id(),
            init=me,
            supervisor=me,
            ready=True,
            prepared=True,
            failure=None,
            postgres=None,
            deployments=(deployment,),
        )
        write_document(layout.record, record)

    def confirm(self, role: str, revision: int, *, pid: int | None = None, unknown: tuple[str, ...] = ()) -> None:
        applied = AppliedFile(pid=pid or os.getpid(), revision=revision, applied_at_ns=2_000_000_000, unknown=unknown)
        replace_file(self._layout.switches_applied("payment-service-1", role), applied)

    def reached(self, revision: int) -> tuple[list[tuple[str, float]], tuple[str, ...]]:
        found = confirming.wait_confirmed(self._layout, [PAYMENTS], "READ_ONLY_MODE", revision, 1_900_000_000)
        return [(one.name, one.applied_ms) for one in found.replicas], found.unreached


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirming, "PATIENCE_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_replica_is_reached_when_all_of_its_processes_follow(layout: Layout) -> None:
    replica = Replica(layout)
    replica.confirm("api", 3)
    assert replica.reached(3) == ([], ("payment-service-1",))

    replica.confirm("worker", 2)
    assert replica.reached(3) == ([], ("payment-service-1",))

    replica.confirm("worker", 4)
    assert replica.reached(3) == ([("payment-service-1", 100.0)], ())


@pytest.mark.usefixtures("impatient")
def test_what_another_process_said_under_this_name_counts_for_nothing(layout: Layout) -> None:
    replica = Replica(layout)
    replica.confirm("api", 3)
    replica.confirm("worker", 3, pid=1)

    assert replica.reached(3) == ([], ("payment-service-1",))


@pytest.mark.usefixtures("impatient")
def test_a_replica_whose_release_does_not_know_the_switch_is_not_reached(layout: Layout) -> None:
    replica = Replica(layout)
    replica.confirm("api", 3)
    replica.confirm("worker", 3, unknown=("READ_ONLY_MODE",))

    assert replica.reached(3) == ([], ("payment-service-1",))


@pytest.mark.usefixtures("impatient")
def test_a_process_that_starts_is_not_waited_for_since_it_reads_before_it_serves(layout: Layout) -> None:
    replica = Replica(layout, ready=False)
    assert replica.reached(3) == ([], ())

    replica.confirm("api", 3)
    assert replica.reached(3) == ([("payment-service-1", 100.0)], ())


@pytest.mark.usefixtures("impatient")
def test_the_list_names_who_does_not_follow(layout: Layout) -> None:
    replica = Replica(layout)
    replica.confirm("api", 0)
    replica.confirm("worker", 0)
    set_switch(layout, "READ_ONLY_MODE")

    (row,) = [row for row in list_switches(layout).switches if (row.name, row.service) == ("READ_ONLY_MODE", PAYMENTS)]

    assert (row.replicas, row.unreached) == ((), ("payment-service-1",))


def test_published_values_keep_their_types(layout: Layout) -> None:
    for name, value in (("A", True), ("B", 0.85), ("C", 8), ("D", "DEBUG")):
        set_switch(layout, name, value)

    written = msgspec.json.decode(layout.switches.read_bytes())
    assert [(row["name"], row["value"], type(row["value"])) for row in written["switches"]] == [
        ("A", True, bool),
        ("B", 0.85, float),
        ("C", 8, int),
        ("D", "DEBUG", str),
    ]


@pytest.mark.parametrize("arguments", [["list"], ["set", "READ_ONLY_MODE", "on", "--reason", "A test."]])
def test_the_commands_import_no_service_and_no_framework(layout: Layout, arguments: list[str]) -> None:
    code = (
        f"import sys, runpy; sys.argv = {['waqiti', 'switch', *arguments, '--json']!r}\n"
        "try: runpy.run_module('waqiti', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    environment = {**os.environ, "WAQITI_STATE": str(layout.root)}

    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    document, modules = ran.stdout.splitlines()
    assert "revision" in json.loads(document)
    loaded = set(modules.split())
    assert not {name for name in loaded if name.startswith("waqiti.services")}
    assert loaded.isdisjoint(
        {"litestar", "uvicorn", "asyncpg", "asyncio", "structlog", "prometheus_client", "rich.table"}
    )


def test_without_a_platform_there_is_nothing_to_switch(tmp_path: Path) -> None:
    for arguments in (
        ["switch", "list"],
        ["switch", "set", "READ_ONLY_MODE", "on", "--reason", "x"],
        ["audit", "verify"],
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "waqiti", *arguments],
            env={**os.environ, "WAQITI_STATE": str(tmp_path / "nowhere")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, "holds no platform: start one with waqiti up" in ran.stderr) == (3, True)
    assert not (tmp_path / "nowhere").exists()
