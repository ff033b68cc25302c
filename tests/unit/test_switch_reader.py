"""A process follows its switches: what beats what, what expires, and what a bad file does."""

import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from tests.support.switching import Board
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem
from waqiti.foundation.settings import Settings, SettingsError, load
from waqiti.foundation.switches import reader
from waqiti.foundation.switches.file import AppliedFile
from waqiti.foundation.switches.levels import LevelFollower
from waqiti.foundation.switches.reader import Switches


class PumpSettings(Settings, frozen=True, kw_only=True):
    pressure: Annotated[float, Meta(ge=0, le=1, extra={"variable": "PRESSURE"})] = 0.5
    closed: Annotated[bool, Meta(extra={"variable": "CLOSED"})] = False


class Pump:
    """A process that follows switches, one look at a time."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.board = Board(directory)
        self.applied_path = directory / "applied.json"
        variables = self.board.variables | {"WAQITI_SWITCHES_APPLIED_FILE": str(self.applied_path)} | environment
        self.switches = Switches("pump", load(PumpSettings, variables), variables)
        self.seen: list[float] = []
        self.switches.follow(lambda settings: self.seen.append(settings.pressure))

    @property
    def pressure(self) -> float:
        self.switches.look()
        return self.switches.settings.pressure

    @property
    def applied(self) -> AppliedFile:
        return msgspec.json.decode(self.applied_path.read_bytes(), type=AppliedFile)


@pytest.fixture
def pump(tmp_path: Path) -> Pump:
    return Pump(tmp_path)


def test_a_live_value_beats_the_environment_which_beats_the_default(tmp_path: Path) -> None:
    pump = Pump(tmp_path, PRESSURE="0.6")
    assert pump.pressure == 0.6
    assert pump.switches.views()["PRESSURE"].source == "environment"

    pump.board.set("pump", "PRESSURE", 0.7)
    assert pump.pressure == 0.7
    view = pump.switches.views()["PRESSURE"]
    assert (view.source, view.owner, view.reason) == ("live", "tester", "A test.")

    pump.board.unset("pump", "PRESSURE")
    assert pump.pressure == 0.6
    assert pump.switches.views()["CLOSED"].source == "default"


def test_before_anything_was_switched_revision_0_is_confirmed(pump: Pump) -> None:
    assert pump.pressure == 0.5
    assert (pump.applied.revision, pump.applied.pid) == (0, os.getpid())


def test_a_revision_is_confirmed_once_its_followers_know(pump: Pump) -> None:
    pump.switches.look()
    pump.board.set("pump", "PRESSURE", 0.9)
    pump.switches.look()

    assert pump.seen == [0.5, 0.9]
    assert pump.applied.revision == 1
    assert pump.applied.unknown == ()


def test_what_is_for_others_changes_nothing_and_is_confirmed(pump: Pump) -> None:
    pump.board.set("valve", "PRESSURE", 0.9)

    assert pump.pressure == 0.5
    assert pump.applied.revision == 1


def test_a_switch_that_this_release_does_not_know_is_named(pump: Pump) -> None:
    pump.board.set("pump", "COLOUR", "red")
    pump.board.set("pump", "PRESSURE", 0.9)

    assert pump.pressure == 0.9
    assert pump.applied.unknown == ("COLOUR",)


def test_a_value_expires_without_anybody_saying_so(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utc_now()
    pump.board.set("pump", "PRESSURE", 0.9, expires_at=now + timedelta(minutes=30))
    assert pump.pressure == 0.9

    monkeypatch.setattr(reader, "utc_now", lambda: now + timedelta(minutes=30))
    assert pump.pressure == 0.5
    assert pump.switches.views()["PRESSURE"].source == "default"


def test_what_had_expired_before_the_start_is_never_in_force(pump: Pump) -> None:
    pump.board.set("pump", "PRESSURE", 0.9, expires_at=utc_now() - timedelta(seconds=1))

    assert pump.pressure == 0.5


@pytest.mark.parametrize("content", [b"", b"{", b'{"revision":"x"}', b"\xff", b"[]"])
async def test_a_bad_file_keeps_the_last_good_and_is_no_revision(pump: Pump, content: bytes) -> None:
    pump.board.set("pump", "PRESSURE", 0.9)
    assert pump.pressure == 0.9
    pump.board.path.write_bytes(content)

    assert pump.pressure == 0.9
    assert pump.applied.revision == 1
    with pytest.raises(Problem, match="revision 1 stays in force"):
        await pump.switches.summary()

    pump.board.set("pump", "PRESSURE", 0.8)
    assert pump.pressure == 0.8
    assert await pump.switches.summary() == "revision 2, PRESSURE"


@pytest.mark.parametrize(
    "content", [None, b"", b'{"revision": 1, "switc', b'{"revision":1,"switches":[{"name":"PRESSURE"}]}']
)
async def test_a_process_that_cannot_know_what_is_switched_does_not_start(pump: Pump, content: bytes | None) -> None:
    pump.board.path.unlink()
    if content is not None:
        pump.board.path.write_bytes(content)

    with pytest.raises(SettingsError, match=r"switches\.json cannot be applied"):
        pump.switches.start()
    assert not pump.applied_path.exists(), "it follows nothing"


async def test_a_process_does_not_start_on_a_value_that_it_cannot_take(pump: Pump) -> None:
    pump.board.set("pump", "PRESSURE", 1.5)

    with pytest.raises(SettingsError, match=r"Expected `float` <= 1"):
        pump.switches.start()


async def test_without_a_file_to_follow_a_process_starts_on_its_environment(tmp_path: Path) -> None:
    switches = Switches("pump", load(PumpSettings, {"PRESSURE": "0.6"}), {"PRESSURE": "0.6"})

    switches.start()

    assert switches.settings.pressure == 0.6


def test_a_value_out_of_range_makes_the_whole_file_bad(pump: Pump) -> None:
    pump.board.set("pump", "PRESSURE", 0.9)
    pump.switches.look()
    pump.board.set("pump", "CLOSED", True)
    pump.board.set("pump", "PRESSURE", 1.5)

    assert pump.pressure == 0.9
    assert pump.switches.settings.closed is False
    assert pump.applied.revision == 1


def test_a_file_that_is_gone_keeps_the_last_good(pump: Pump) -> None:
    pump.board.set("pump", "PRESSURE", 0.9)
    pump.switches.look()
    pump.board.path.unlink()

    assert pump.pressure == 0.9


def test_a_follower_that_fails_keeps_the_change_from_nobody(pump: Pump) -> None:
    later: list[float] = []

    def fails(settings: PumpSettings) -> None:
        if settings.pressure == 0.9:
            raise RuntimeError("no")

    pump.switches.follow(fails)
    pump.switches.follow(lambda settings: later.append(settings.pressure))
    pump.board.set("pump", "PRESSURE", 0.9)
    pump.switches.look()

    assert later == [0.5, 0.9]


async def test_what_cannot_be_confirmed_is_tried_again(pump: Pump) -> None:
    pump.applied_path.mkdir()
    pump.board.set("pump", "PRESSURE", 0.9)
    assert pump.pressure == 0.9
    with pytest.raises(Problem, match="cannot be confirmed"):
        await pump.switches.summary()

    pump.applied_path.rmdir()
    pump.switches.look()
    assert pump.applied.revision == 1
    assert await pump.switches.summary() == "revision 1, PRESSURE"


async def test_health_tells_anybody_of_modes_and_of_other_switches_only_that_they_are_live(pump: Pump) -> None:
    pump.board.set("pump", "CLOSED", True)
    pump.board.set("pump", "PRESSURE", 0.123)
    pump.switches.look()

    assert await pump.switches.summary() == "revision 2, CLOSED=true, PRESSURE"


def test_the_log_level_changes_with_its_switch_and_with_nothing_else() -> None:
    root = logging.getLogger()
    before = root.level
    follow = LevelFollower("INFO")
    try:
        root.setLevel("ERROR")
        follow(Settings(pool_max_size=8))
        assert root.level == logging.ERROR

        follow(Settings(log_level="debug"))
        assert root.level == logging.DEBUG

        follow(Settings())
        assert root.level == logging.INFO
    finally:
        root.setLevel(before)
