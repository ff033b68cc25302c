"""How tests run: coroutine tests on uvloop, and what one run of pytest shares between its worker processes."""

import asyncio
import functools
import inspect
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import uvloop

OUTSIDE_SERVER_VARIABLE: Final = "WAQITI_TEST_POSTGRES"


class TestRun(msgspec.Struct, frozen=True):
    """One run of pytest, over all its processes."""

    directory: str
    token: str
    controller_pid: int
    outside_server_url: str | None

    @property
    def path(self) -> Path:
        return Path(self.directory)


TEST_RUN: Final = pytest.StashKey[TestRun]()


def begin_run(controller_pid: int, outside_server_url: str | None) -> TestRun:
    """Make the directory that all processes of this run can reach, also those of the server's unprivileged user."""
    directory = Path(tempfile.mkdtemp(prefix="waqiti-tests-"))
    directory.chmod(0o711)
    return TestRun(
        directory=str(directory),
        token=directory.name.removeprefix("waqiti-tests-").lower(),
        controller_pid=controller_pid,
        outside_server_url=outside_server_url,
    )


def end_run(run: TestRun) -> None:
    shutil.rmtree(run.path, ignore_errors=True)


def run_coroutine_test(function: Callable[..., Coroutine[Any, Any, object]], arguments: dict[str, object]) -> None:
    """Run one ``async def`` test on an event loop of its own, the kind of loop that the product runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(function(**arguments))


def make_property_synchronous(function: object) -> None:
    """Give Hypothesis a plain function where the body of an ``@given`` test is a coroutine."""
    handle = getattr(function, "hypothesis", None)
    inner = getattr(handle, "inner_test", None)
    if handle is None or not inspect.iscoroutinefunction(inner):
        return

    @functools.wraps(inner)
    def synchronous(**arguments: object) -> None:
        run_coroutine_test(inner, arguments)

    handle.inner_test = synchronous
