"""An init that follows a killed one: on a full disk it leaves alone what runs, and one that fails is not hurried."""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from waqiti.operations.cluster.healing import forget_failures, heals
from waqiti.operations.cluster.init_process import init_command, init_lives
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id, running
from waqiti.operations.state.record import Plan, Record, read_init

UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state")
    make_state_directory(layout)
    return layout


@pytest.fixture
def supervisor(layout: Layout) -> Iterator[ProcessRef]:
    """What a killed init has left: a supervisor, here one that ends when it is told to."""
    command = (sys.executable, "-c", "import time; time.sleep(60)", str(layout.root))
    write_document(layout.plan, Plan(base_url="", deployments=(), serve=(), supervisor=command))
    with subprocess.Popen(command) as process:
        ref = ProcessRef.of(process.pid)
        record = Record(
            boot_id=boot_id(), init=ref, supervisor=ref, ready=True, prepared=True, failure=None, postgres=None,
            deployments=(),
        )  # fmt: skip
        write_document(layout.record, record)
        yield ref
        process.kill()


def start_init(layout: Layout, most_bytes: int = UNLIMITED) -> subprocess.Popen[bytes]:
    """Start an init to which the disk is full where it may write no byte to a file."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, former[1]))
    try:
        return subprocess.Popen(init_command(layout), stderr=subprocess.PIPE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_on_a_full_disk_the_supervisor_lives_until_init_can_write_who_it_is(
    layout: Layout, supervisor: ProcessRef
) -> None:
    with start_init(layout, most_bytes=0) as init:
        assert init.stderr is not None
        said = [init.stderr.readline(), init.stderr.readline()]
        assert b"nothing can be written" in said[0]
        assert (supervisor.alive, init_lives(layout), heals(layout)) == (True, True, False)

        resource.prlimit(init.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        until(lambda: not supervisor.alive)

        until(lambda: (said := read_init(layout)) is not None and said.pid == init.pid)
        until(lambda: bool(running(json.loads(layout.plan.read_bytes())["supervisor"])))
        init.kill()
        for successor in running(json.loads(layout.plan.read_bytes())["supervisor"]):
            successor.send(signal.SIGKILL)


def test_an_init_that_waits_for_room_ends_where_the_platform_is_stopped(layout: Layout, supervisor: ProcessRef) -> None:
    with start_init(layout, most_bytes=0) as init:
        until(lambda: init_lives(layout))
        layout.stopped.touch()

        assert init.wait(5) == 0
        assert supervisor.alive


def test_after_an_init_that_failed_by_itself_the_next_one_waits_and_after_a_killed_one_not(
    layout: Layout, supervisor: ProcessRef
) -> None:
    plan = layout.plan.read_bytes()
    assert heals(layout)
    with start_init(layout, most_bytes=0) as killed:
        until(lambda: init_lives(layout))
        killed.kill()
    assert heals(layout)

    layout.plan.write_bytes(b"{")
    with start_init(layout) as failing:
        assert failing.wait(10) == 1
    layout.plan.write_bytes(plan)

    assert (heals(layout), supervisor.alive) == (False, True)
    forget_failures(layout)
    assert heals(layout)
