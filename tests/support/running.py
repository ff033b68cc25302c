"""How tests run: coroutine tests on uvloop, and what one run of pytest shares between its worker processes."""

import asyncio
import functools
import inspect
import secrets
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
    """Name the run; its directory is made by the first who needs it."""
    token = secrets.token_hex(4)
    directory = Path(tempfile.gettempdir()) / f"waqiti-tests-{token}"
    return TestRun(
        directory=str(directory),
        token=token,
        controller_pid=controller_pid,
        outside_server_url=outside_server_url,
    )


def end_run(run: TestRun) -> None:
    shutil.rmtree(run.path, ignore_errors=True)


def run_coroutine_test(
    function: Callable[..., Coroutine[Any, Any, object]], arguments: dict[str, object], timeout_seconds: float | None
) -> None:
    """Run one ``async def`` test on an event loop of its own, the kind of loop that the product runs on.

    Raises:
        TimeoutError: the test was not through in time; unlike what pytest-timeout does, its clean-up has run.
    """

    async def bounded() -> None:
        async with asyncio.timeout(timeout_seconds):
            await function(**arguments)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(bounded())


def timeout_of(item: pytest.Item) -> float | None:
    """Return the seconds that a coroutine test may take: a little less than pytest-timeout, which ends the process."""
    marker = item.get_closest_marker("timeout")
    option = item.config.getoption("timeout", None)
    configured = item.config.getini("timeout") if option is None else option
    seconds = float(marker.args[0] if marker is not None and marker.args else configured)
    return seconds - min(5.0, seconds / 4) if seconds > 0 else None


def make_property_synchronous(function: object, timeout_seconds: float | None) -> None:
    """Give Hypothesis a plain function where the body of an ``@given`` test is a coroutine."""
    handle = getattr(function, "hypothesis", None)
    inner = getattr(handle, "inner_test", None)
    if handle is None or not inspect.iscoroutinefunction(inner):
        return

    @functools.wraps(inner)
    def synchronous(**arguments: object) -> None:
        run_coroutine_test(inner, arguments, timeout_seconds)

    handle.inner_test = synchronous
