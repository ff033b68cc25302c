"""Which modes are on, as ``waqiti status`` tells it from files alone, and what it prints of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from waqiti.cli.output import console, printable
from waqiti.cli.status import mode_lines, status
from waqiti.contracts.catalog import GATEWAY, LEDGER, WALLET
from waqiti.contracts.switches import EMERGENCY_MODE, ISOLATION_MODE, MAINTENANCE_MODE, READ_ONLY_MODE, find_switch
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches import modes
from waqiti.operations.switches.modes import isolated, modes_on


def live(name: str, service: str, **fields: Any) -> LiveSwitch:
    values: dict[str, Any] = {"value": True, "owner": "ana", "reason": "It is looked into.", **fields}
    return LiveSwitch(name=name, service=service, revision=1, set_at=utc_now(), **values)


def published(directory: Path, *switches: LiveSwitch) -> Layout:
    layout = Layout(directory)
    layout.switches.parent.mkdir(parents=True, exist_ok=True)
    layout.switches.write_bytes(msgspec.json.encode(SwitchFile(1, switches)))
    return layout


def test_only_what_is_on_and_has_not_expired_is_told(tmp_path: Path) -> None:
    past = utc_now() - timedelta(seconds=1)
    layout = published(
        tmp_path,
        live(READ_ONLY_MODE, WALLET),
        live(ISOLATION_MODE, LEDGER),
        live(ISOLATION_MODE, WALLET, owner="bo"),
        live(ISOLATION_MODE, GATEWAY, expires_at=past),
        live(MAINTENANCE_MODE, GATEWAY, value=False),
        live("LOG_LEVEL", LEDGER, value="DEBUG"),
    )

    found = modes_on(layout, None)

    assert {(one.name, one.services, one.owner) for one in found} == {
        (ISOLATION_MODE, (LEDGER,), "ana"),
        (ISOLATION_MODE, (WALLET,), "bo"),
        (READ_ONLY_MODE, (WALLET,), "ana"),
    }
    assert isolated(layout)[LEDGER] == "waqiti switch unset ISOLATION_MODE --service ledger-service --reason ..."


def test_what_the_environment_says_is_told_unless_a_live_value_beats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = {name: {ISOLATION_MODE: "TRUE"} for name in (LEDGER, WALLET)}
    monkeypatch.setattr(modes, "environments_of", lambda _: environments)
    layout = published(tmp_path, live(ISOLATION_MODE, WALLET, value=False))

    (found,) = modes_on(layout, None)

    assert (found.services, found.owner) == ((LEDGER,), None)
    assert isolated(layout) == {LEDGER: "waqiti switch set ISOLATION_MODE false --service ledger-service --reason ..."}


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_file_that_is_gone_or_bad_says_nothing(tmp_path: Path, content: bytes | None) -> None:
    layout = published(tmp_path)
    layout.switches.unlink() if content is None else layout.switches.write_bytes(content)
    assert modes_on(layout, None) == ()


def test_a_mode_is_a_line_that_names_it_where_it_is_on_and_who_set_it(tmp_path: Path) -> None:
    layout = published(tmp_path, live(ISOLATION_MODE, LEDGER, reason=""), live(MAINTENANCE_MODE, GATEWAY, reason="x"))
    assert list(mode_lines(modes_on(layout, None))) == [
        "ISOLATION_MODE is on at ledger-service, by ana",
        "MAINTENANCE_MODE is on at api-gateway, by ana: x",
    ]


def test_the_longest_of_them_fits_eighty_columns_and_steers_no_terminal(tmp_path: Path) -> None:
    emergency = find_switch(EMERGENCY_MODE)
    assert emergency is not None
    reason = "\x1b[2J" + "because of it " * 20
    every = [
        live(EMERGENCY_MODE, name, reason=reason, expires_at=utc_now() + timedelta(days=2))
        for name in emergency.deployments
    ]
    until = every[0].expires_at
    same = [msgspec.structs.replace(one, expires_at=until) for one in every]

    lines = list(mode_lines(modes_on(published(tmp_path, *same), None)))

    assert lines[0].startswith("EMERGENCY_MODE is on at every deployment that has it, by ana, until ")
    assert max(map(len, lines)) <= 80
    assert "".join(lines).isprintable()


def test_modes_are_part_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAQITI_STATE", str(published(tmp_path, live(ISOLATION_MODE, LEDGER)).root))
    status(json=True)

    (found,) = msgspec.json.decode(capsys.readouterr().out)["modes"]
    assert (found["name"], found["services"], found["owner"]) == (ISOLATION_MODE, [LEDGER], "ana")


def test_nothing_that_is_printed_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    table = Table("name")
    table.add_row("\x1b[2Jtown")
    console().print("one\x1b]0;mine\ntwo \x9b1m", table, markup=False)

    printed = capsys.readouterr().out
    assert r"one\x1b]0;mine" in printed
    assert r"\x1b[2J" in printed
    assert not any(one in printed for one in "\x1b\x9b")


def test_text_that_people_write_is_left_as_it_is() -> None:
    assert printable("Zoë Müller 李 नमस्ते \u200d") == "Zoë Müller 李 नमस्ते \u200d"
    assert printable("a\u202eb\n") == r"a\u202eb\n"
