"""A supervisor that hangs or ends for good, an init that is stopped, and files that a crash of the machine emptied."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from waqiti.operations.cluster.healing import heals, keeps_running
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.status import SupervisorStatus, cluster_status
from waqiti.operations.cluster.supervision.beat import beat
from waqiti.operations.cluster.supervision.init import FATAL_EXIT, HUNG_SECONDS, Init
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id, wait_gone
from waqiti.operations.state.record import (
    FatalEnd,
    InitRecord,
    PostgresRecord,
    Record,
    read_fatal_end,
    read_init,
    read_record,
)

SECOND_NS = 10**9


@pytest.fixture
def other() -> Iterator[ProcessRef]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield ProcessRef.of(process.pid)
        process.kill()


@pytest.fixture
def layout(tmp_path: Path, other: ProcessRef) -> Layout:
    """A platform whose supervisor and init are the other process."""
    layout = Layout(tmp_path / "state")
    make_state_directory(layout)
    write_document(layout.plan, plan_platform(layout, None, port=None, postgres_url=None))
    write_document(layout.init, InitRecord(boot_id=boot_id(), pid=other.pid, start_ticks=other.start_ticks))
    record = Record(
        boot_id=boot_id(),
        init=other,
        supervisor=other,
        ready=True,
        prepared=True,
        failure=None,
        postgres=None,
        deployments=(),
    )
    write_document(layout.record, record)
    return layout


def beaten(layout: Layout, seconds_ago: float) -> None:
    beat(layout, saved=True)
    at_ns = time.monotonic_ns() - int(seconds_ago * SECOND_NS)
    os.utime(layout.supervisor_beat, ns=(at_ns, at_ns))


def supervisor(layout: Layout) -> SupervisorStatus:
    return cluster_status(layout).supervisor


def test_a_supervisor_that_shows_no_sign_of_life_is_not_ready(layout: Layout) -> None:
    assert supervisor(layout).ready, "one that cannot show any is believed"
    beaten(layout, seconds_ago=1)
    assert (supervisor(layout).ready, supervisor(layout).note) == (True, "")

    beaten(layout, seconds_ago=7)

    assert not supervisor(layout).ready
    assert supervisor(layout).note.startswith("the supervisor shows no sign of life for 7 s")


def test_a_record_that_could_not_be_written_is_said_to_be_out_of_date(layout: Layout) -> None:
    beat(layout, saved=False)

    assert supervisor(layout).ready
    assert supervisor(layout).note.endswith("what is shown is out of date")


def test_an_init_that_is_stopped_is_said_to_be(layout: Layout, other: ProcessRef) -> None:
    os.kill(other.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 5
    while not other.stopped and time.monotonic() < deadline:
        time.sleep(0.01)

    assert cluster_status(layout).init.note.startswith("init is stopped and does nothing")


@pytest.mark.parametrize(
    ("started_ago", "beaten_ago", "is_killed"),
    [(100, HUNG_SECONDS + 1, True), (100, HUNG_SECONDS - 5, False), (1, 100, False), (100, -1000, True)],
)
def test_init_kills_a_supervisor_that_hangs(
    layout: Layout, other: ProcessRef, started_ago: float, beaten_ago: float, is_killed: bool
) -> None:
    init = Init(layout.root)
    init.supervisor, init.started_at = other.pid, time.monotonic() - started_ago
    init.end_hung()
    assert other.alive, "one that never showed a sign of life is not judged by it"
    beaten(layout, beaten_ago)

    init.end_hung()

    assert wait_gone([other], 5 if is_killed else 0) == ([] if is_killed else [other])


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"7", b"\xff"])
def test_what_only_this_boot_needs_may_be_damaged(layout: Layout, content: bytes) -> None:
    for file in (layout.record, layout.init, layout.fatal_end):
        file.write_bytes(content)

    assert (read_record(layout), read_init(layout)) == (None, None)
    assert cluster_status(layout).supervisor.pid is None
    assert not heals(layout)
    assert Init(layout.root).read_passing("record.json") == {}


def test_after_a_supervisor_that_ended_for_good_healing_waits_ever_longer_and_says_why(
    layout: Layout, other: ProcessRef
) -> None:
    assert heals(layout)

    write_fatal_end(layout, times=3, seconds_ago=5)
    assert (heals(layout), keeps_running(layout)) == (False, True)
    write_fatal_end(layout, times=3, seconds_ago=9)
    assert heals(layout)
    write_fatal_end(layout, times=1000, seconds_ago=61)
    assert heals(layout), "the pause has a bound"

    other.send(signal.SIGKILL)
    assert wait_gone([other], 5) == []
    assert supervisor(layout).note == "", "where nothing runs it does not matter"
    record = read_record(layout)
    assert record is not None
    own = PostgresRecord(ref=ProcessRef.of(os.getpid()), port=None, ready=True)
    write_document(layout.record, msgspec.structs.replace(record, postgres=own))
    assert supervisor(layout).note == "the supervisor cannot go on: A reason."


def write_fatal_end(layout: Layout, times: int, seconds_ago: float) -> None:
    at_seconds = time.monotonic() - seconds_ago
    write_document(layout.fatal_end, FatalEnd(boot_id=boot_id(), at_seconds=at_seconds, times=times, why="A reason."))


def test_a_supervisor_that_cannot_go_on_writes_down_why(layout: Layout) -> None:
    layout.plan.write_bytes(b"")
    command = [sys.executable, "-m", "waqiti.operations.cluster.supervision.supervisor", str(layout.root)]

    codes = [subprocess.run(command, capture_output=True, check=False).returncode for _ in range(2)]

    end = read_fatal_end(layout)
    assert codes == [FATAL_EXIT, FATAL_EXIT]
    assert end is not None
    assert (end.times, str(layout.plan) in end.why) == (2, True)
