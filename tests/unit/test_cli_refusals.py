"""What commands say, and end with, where no platform runs, its credentials are broken, or a mode refuses."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from waqiti.cli.app import run
from waqiti.cli.calling import refusal
from waqiti.client import ConnectionFailed, WaqitiError
from waqiti.client.errors import error_of
from waqiti.contracts.catalog import DEPLOYMENTS
from waqiti.contracts.modes import MODES
from waqiti.foundation.errors import Problem
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.state.layout import Layout

COMMANDS = (
    "ledger verify",
    "ledger verify --quick",
    "compliance lists list",
    "compliance lists load --source ofac --path OFAC",
    "compliance screen Zorblat",
    "compliance cases list",
    "compliance cases approve case_01jd2v6h3m8q0r4t5w7x9yabcd --reason x",
    "reviews list",
    "reviews approve rev_01jd2v6h3m8q0r4t5w7x9yabcd --reason x",
    "reviews decline --all-open --yes --reason x",
    "payments stuck",
    "audit list",
    "switch list",
    "demo",
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("WAQITI_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "OFAC").mkdir()
    (tmp_path / "OFAC" / "sdn.csv").write_text('1,"ZARB, Ostrik","individual"')
    (tmp_path / "OFAC" / "alt.csv").write_text("")
    return Layout(tmp_path / "state")


@pytest.fixture
def stopped(state: Layout) -> Iterator[Layout]:
    """A state directory whose platform does not run: nobody listens at any of its addresses."""
    state.cluster.mkdir(parents=True)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        credentials = Credentials(
            base_url=f"http://{address}",
            operations_url=f"http://{address}",
            api_key="a",
            operator_key="b",
            approver_key="c",
            services={},
            databases={row.name: f"postgresql://x:y@{address}/z" for row in DEPLOYMENTS if row.database},
        )
        state.credentials.write_bytes(msgspec.json.encode(credentials))
        yield state


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_platform_every_command_is_refused_and_says_how_to_start_one(
    command: str, state: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 3

    said = capsys.readouterr().err
    assert "with waqiti up" in said
    assert not state.root.exists()


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in {"audit list", "switch list"}])
def test_with_the_platform_stopped_they_are_refused_alike(
    command: str, stopped: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 3

    said = capsys.readouterr().err
    assert "waqiti up" in said
    assert str(stopped.root) in said


@pytest.mark.parametrize("command", ["ledger verify", "demo", "compliance screen Zorblat", "reviews list"])
@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff", b""])
def test_broken_credentials_are_a_sentence_that_says_what_to_do(
    command: str, content: bytes, state: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    state.root.mkdir()
    state.credentials.write_bytes(content)

    assert run(command.split()) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"waqiti: {state.credentials} cannot be read (")
    assert said.endswith("restore it; or remove it, and let waqiti down and waqiti up write it anew, with new keys\n")


@pytest.mark.parametrize("code", [mode.code for mode in MODES])
def test_what_a_mode_refuses_is_refused(code: str) -> None:
    found = refusal(answered(503, code), Layout(Path("state")))

    assert found.exit_code == 3
    assert "waqiti switch list" in str(found)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (lambda: answered(404, "not_found"), 1),
        (lambda: answered(422, "invalid_request"), 2),
        (lambda: answered(409, "conflict"), 3),
        (lambda: answered(503, "overloaded"), 1),
        (lambda: ConnectionFailed("the platform at http://127.0.0.1:1: it refuses connections"), 3),
    ],
    ids=["not_found", "invalid", "conflict", "overloaded", "away"],
)
def test_each_refusal_has_its_exit_code(error: "type[WaqitiError]", exit_code: int) -> None:
    assert refusal(error(), Layout(Path("state"))).exit_code == exit_code


def answered(status: int, code: str) -> WaqitiError:
    problem = Problem(status, code, "It is so.")
    return error_of(status, msgspec.json.encode(problem.document(None)))


@pytest.mark.parametrize("command", ["cluster set payment-service", "cluster restart payment-service --reason"])
def test_an_argument_that_is_no_text_is_wrong_use(
    state: Layout, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run([*command.split(), os.fsdecode(b"BAD=\xff\xfe")]) == 2
    assert capsys.readouterr().err == (
        r"waqiti: b'BAD=\xff\xfe' is no UTF-8 text, which is all that a command takes" + "\n"
    )
