"""What the supervisor leaves as it is while a deployment is cut off, or while nobody can tell whether it is."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from waqiti.contracts.switches import ISOLATION_MODE
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.children.child import Child, start_child
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.probes import Seen
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.supervision import keeper
from waqiti.operations.cluster.supervision.keeper import Look, ProcessKeeper
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import LastExit
from waqiti.operations.switches.changing import SwitchChange, change
from waqiti.operations.switches.isolation import is_held_back

LIVENESS_SECONDS = 0.1
PAYMENTS = "payment-service"


class Hung:
    """Starts processes that never answer, and remembers them and how they ended."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._exits = HandedOnExits(-1)
        self.pids: list[int] = []
        self.ends: list[LastExit] = []

    async def start(self) -> tuple[Child, int | None]:
        child = start_child(
            ["sleep", "60"], environment={}, log=self._directory / "log", directory=self._directory, exits=self._exits
        )
        self.pids.append(child.ref.pid)
        return child, None

    def watch(self, port: int | None) -> Look:  # noqa: ARG002 - as the protocol has it
        async def look() -> Seen:
            return Seen(answered=False, ready=False)

        return look

    def failed(self, why: str) -> None:
        raise AssertionError(why)

    def ended(self, child: Child, last: LastExit) -> None:  # noqa: ARG002 - as the protocol has it
        self.ends.append(last)

    @asynccontextmanager
    async def kept(self, held_back: Callable[[], bool]) -> AsyncIterator[None]:
        kept = ProcessKeeper(
            "api",
            self,
            self._exits,
            liveness_seconds=LIVENESS_SECONDS,
            changed=lambda: None,
            held_back=held_back,
        )
        running = asyncio.create_task(kept.run())
        try:
            yield
        finally:
            kept.stop()
            await running


class Missing(Hung):
    """Starts nothing, for there is nothing to start."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.failures: list[str] = []

    async def start(self) -> tuple[Child, int | None]:
        raise FileNotFoundError

    def failed(self, why: str) -> None:
        self.failures.append(why)


async def test_what_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    hung = Hung(tmp_path)
    async with hung.kept(lambda: False), asyncio.timeout(5):
        while len(hung.pids) < 2:
            await asyncio.sleep(0.02)

    assert (hung.ends[0].signal, hung.ends[0].reason) == (signal.SIGKILL, "Liveness")


async def test_what_cannot_be_started_is_tried_ever_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_SPAWN_RETRY_SECONDS", 0.05)
    missing = Missing(tmp_path)
    async with missing.kept(lambda: False):
        await asyncio.sleep(1.2)

    assert 3 <= len(missing.failures) <= 5, "after 0, 50, 150, 350 and 750 ms"


async def test_what_hangs_while_it_is_cut_off_lives_and_what_dies_stays_dead_until_that_is_over(tmp_path: Path) -> None:
    hung, is_cut_off = Hung(tmp_path), True
    async with hung.kept(lambda: is_cut_off), asyncio.timeout(10):
        await asyncio.sleep(5 * LIVENESS_SECONDS)
        assert hung.ends == []
        os.kill(hung.pids[0], signal.SIGKILL)
        await asyncio.sleep(1)
        assert ([one.reason for one in hung.ends], len(hung.pids)) == (["Error"], 1)
        is_cut_off = False
        while len(hung.pids) < 2:
            await asyncio.sleep(0.02)


def test_a_deployment_is_held_back_while_it_is_cut_off_or_nobody_can_tell(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    make_state_directory(layout)
    assert is_held_back(layout, PAYMENTS, {}), "nothing is published"

    isolate(layout, on=False)
    assert not is_held_back(layout, PAYMENTS, {})
    isolate(layout, on=True)
    assert is_held_back(layout, PAYMENTS, {})
    assert not is_held_back(layout, "wallet-service", {})
    isolate(layout, on=True, until=utc_now() - timedelta(seconds=1))
    assert not is_held_back(layout, PAYMENTS, {}), "its time is over"
    assert is_held_back(layout, PAYMENTS, {"ISOLATION_MODE": "true"}), "it was set for the deployment"


@pytest.mark.parametrize("content", [b"", b'{"revision": 7, "switc'])
def test_a_damaged_file_holds_back_what_died(tmp_path: Path, content: bytes) -> None:
    layout = Layout(tmp_path)
    make_state_directory(layout)
    isolate(layout, on=False)
    layout.switches.write_bytes(content)

    assert is_held_back(layout, PAYMENTS, {})


def isolate(layout: Layout, *, on: bool, until: datetime | None = None) -> None:
    wanted = SwitchChange(
        name=ISOLATION_MODE, value=on, services=(PAYMENTS,), actor="ana", reason="A test.", expires_at=until
    )
    change(layout, wanted)
