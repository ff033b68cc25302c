"""A replica that starts while switches change: whatever it answers, it never answers by what was in force before."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import pytest

from tests.support.clusters import REPOSITORY
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.credentials import ensure_token_keys
from waqiti.operations.cluster.specification import first
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.supervision.environment import replica_environment
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id
from waqiti.operations.state.record import DeploymentRecord, ProcessRecord, Record, ReplicaRecord
from waqiti.operations.switches.changing import ChangedSwitch, SwitchChange, change
from waqiti.operations.switches.publishing import publish

CHANGES = 50
STARTS = 3
ALPHA = "alpha"


class Mortal:
    """A replica that is killed and started again all the time, as its supervisor records it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live_and_die)
        self.port: int = self._socket.getsockname()[1]
        self.starts = 0
        ensure_token_keys(layout, [ALPHA])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _live_and_die(self) -> None:
        while not self._stop.is_set():
            with self._started() as process:
                self.starts += 1
                self._write_down(process.pid, ready=False)
                self._until_it_answers()
                self._write_down(process.pid, ready=True)
                self._stop.wait(random.uniform(0, 0.3))
                os.kill(process.pid, signal.SIGKILL)

    def _started(self) -> "subprocess.Popen[bytes]":
        descriptor = self._socket.fileno()
        environment = replica_environment(
            self._layout,
            deployment=ALPHA,
            replica="alpha-1",
            role="api",
            revision=first(ALPHA, "", utc_now()).in_force,
            descriptors=[descriptor],
            ports={},
            base_url="",
            access=None,
        )
        self._layout.switches_applied("alpha-1", "api").unlink(missing_ok=True)
        self._layout.metrics("alpha-1").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.support.standin", ALPHA, "--role", "api"]
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            pass_fds=[descriptor],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _until_it_answers(self) -> None:
        deadline = time.monotonic() + 20
        while pool_of(self.port) is None:
            assert time.monotonic() < deadline

    def _write_down(self, pid: int, *, ready: bool) -> None:
        me, process = ProcessRef.of(os.getpid()), ProcessRef.of(pid)
        row = ProcessRecord(
            role="api",
            ref=process,
            started_at=utc_now(),
            port=self.port,
            ready=ready,
            was_ready=ready,
            looping=False,
            restarts=0,
            last_exit=None,
        )
        replica = ReplicaRecord(name="alpha-1", number=1, revision=1, epoch=1, draining=False, processes=(row,))
        deployment = DeploymentRecord(name=ALPHA, replicas=(replica,))
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
        write_document(self._layout.record, record, durable=False)


class Witness:
    """Asks the replica all the time, and notes whatever it answered by a value older than the last that was set."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.set_before = 0
        self.answers = 0
        self.stale: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            expected = self.set_before
            answered = pool_of(self._port)
            if answered is not None:
                self.answers += 1
                if answered < expected:
                    self.stale.append((answered, expected))


def pool_of(port: int) -> int | None:
    """Return what whoever serves there says of its pool; None where nobody does, or dies over it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/pool")
        return int(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def resize(layout: Layout, size: int) -> ChangedSwitch:
    wanted = SwitchChange(name="DB_POOL_MAX_SIZE", value=size, services=(ALPHA,), actor="ana", reason="A test.")
    return change(layout, wanted)


def test_a_replica_never_serves_by_what_was_in_force_before_the_last_change_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH")))))
    layout = Layout(tmp_path)
    make_state_directory(layout)
    publish(layout)
    with Mortal(layout) as mortal, Witness(mortal.port) as witness:
        for size in range(1, CHANGES + 1):
            done = resize(layout, size)
            assert done.unreached == ()
            witness.set_before = size
            time.sleep(random.uniform(0, 0.1))

    assert witness.stale == []
    assert mortal.starts >= STARTS
    assert witness.answers >= CHANGES
