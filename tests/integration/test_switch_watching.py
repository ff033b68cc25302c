"""A process that follows its switches hears of a new file at once, and lets go of what expires on time."""

import asyncio
import errno
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from tests.support.switching import Board
from waqiti.foundation.clock import utc_now
from waqiti.foundation.settings import Settings, load
from waqiti.foundation.switches import reader
from waqiti.foundation.switches.reader import Switches


class PumpSettings(Settings, frozen=True, kw_only=True):
    pressure: Annotated[float, Meta(ge=0, le=1, extra={"variable": "PRESSURE"})] = 0.5


class Pump:
    """One that follows, and the times at which its pressure changed."""

    def __init__(self, directory: Path) -> None:
        self.board = Board(directory)
        self.switches = Switches("pump", load(PumpSettings, self.board.variables), self.board.variables)
        self.changed = asyncio.Event()

    def start(self) -> None:
        self.switches.follow(self._change)
        self.switches.start()
        self.changed.clear()

    async def until_changed(self, within_seconds: float) -> float:
        began = time.monotonic()
        async with asyncio.timeout(within_seconds):
            await self.changed.wait()
        self.changed.clear()
        return time.monotonic() - began

    def _change(self, _settings: PumpSettings) -> None:
        self.changed.set()


@pytest.fixture
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by the clock."""
    monkeypatch.setattr(reader, "WATCHED_SECONDS", 3600.0)


async def test_a_new_file_is_heard_of_without_a_look(rarely: None, tmp_path: Path) -> None:
    pump = Pump(tmp_path)
    pump.start()
    try:
        for pressure in (0.6, 0.7, 0.8):
            pump.board.set("pump", "PRESSURE", pressure)
            await pump.until_changed(5.0)
            assert pump.switches.settings.pressure == pressure
    finally:
        pump.switches.stop()


async def test_a_switch_expires_on_time_though_nobody_looks(rarely: None, tmp_path: Path) -> None:
    pump = Pump(tmp_path)
    pump.start()
    try:
        pump.board.set("pump", "PRESSURE", 0.9, expires_at=utc_now() + timedelta(seconds=0.5))
        await pump.until_changed(5.0)
        assert pump.switches.settings.pressure == 0.9
        await pump.until_changed(5.0)
        assert pump.switches.settings.pressure == 0.5
    finally:
        pump.switches.stop()


async def test_where_the_kernel_has_no_watch_to_give_it_looks_five_times_a_second(
    rarely: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise OSError(errno.EMFILE, "no watch")

    monkeypatch.setattr(reader, "FileWatch", none_left)
    pump = Pump(tmp_path)
    pump.start()
    try:
        pump.board.set("pump", "PRESSURE", 0.6)
        await pump.until_changed(5.0)
        assert pump.switches.settings.pressure == 0.6
    finally:
        pump.switches.stop()
