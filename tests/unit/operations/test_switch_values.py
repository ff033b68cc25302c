"""A switch's value as text: operations read it as the process that it is given to, and write what that reads."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from waqiti.contracts.catalog import WALLET
from waqiti.contracts.switches import ISOLATION_MODE, SWITCHES, Switch, find_switch
from waqiti.foundation.clock import utc_now
from waqiti.foundation.settings import Settings, SettingsError, load
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile, Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.isolation import is_isolated
from waqiti.operations.switches.present import followed, started_with
from waqiti.operations.switches.values import value_in, value_text
from waqiti.operations.switches.wanted import value_of

TEXTS = ("true", "TRUE", "True", "1", "false", "0", "on", "off", "yes", " true", "", "2")


def switch(name: str) -> Switch:
    found = find_switch(name)
    assert found is not None
    return found


def as_started(text: str) -> bool | None:
    """Return whether a process that was started with this is cut off; None where it does not start."""
    try:
        return load(Settings, {ISOLATION_MODE: text}).isolation_mode
    except SettingsError:
        return None


@pytest.mark.parametrize("text", TEXTS)
def test_a_mode_of_the_environment_is_read_as_the_process_reads_it(text: str, tmp_path: Path) -> None:
    assert value_in(switch(ISOLATION_MODE), text) is as_started(text)
    assert is_isolated(Layout(tmp_path), WALLET, {ISOLATION_MODE: text}) is bool(as_started(text))


def test_a_process_that_would_not_start_follows_nothing_and_its_text_is_shown() -> None:
    assert started_with(switch(ISOLATION_MODE), {ISOLATION_MODE: "on"}) == ("on", "environment")
    assert started_with(switch(ISOLATION_MODE), {}) == (False, "default")


@pytest.mark.parametrize("one", SWITCHES, ids=lambda one: one.name)
def test_what_is_written_of_a_value_is_read_again(one: Switch) -> None:
    assert value_in(one, value_text(one.default)) == one.default
    assert value_of(one, f" {value_text(one.default)} ") == one.default


@pytest.mark.parametrize(("typed", "meant"), [("on", True), ("Yes", True), ("off", False), ("no", False), ("1", True)])
def test_people_may_type_more_words_than_an_environment_takes(typed: str, meant: Value) -> None:
    assert value_of(switch(ISOLATION_MODE), typed) is meant


def test_a_live_value_beats_the_environment_until_it_expires() -> None:
    now = utc_now()
    live = LiveSwitch(
        name=ISOLATION_MODE, service=WALLET, value=False, revision=1, owner="ana", reason="It is well.", set_at=now
    )
    over = msgspec.structs.replace(live, expires_at=now - timedelta(seconds=1))

    isolation, environment = switch(ISOLATION_MODE), {ISOLATION_MODE: "true"}
    assert followed(SwitchFile(1, (live,)), isolation, WALLET, environment) is False
    assert followed(SwitchFile(1, (over,)), isolation, WALLET, environment) is True
