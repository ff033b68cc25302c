"""What commands say of themselves, without being imported for it, of options that are elsewhere, and of first steps."""

import secrets
import subprocess
import sys
from inspect import cleandoc, getdoc
from pathlib import Path

import pytest
from cyclopts import App

from waqiti.cli.app import app, run
from waqiti.cli.up import first_things
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.state.layout import Layout

GROUPS: tuple[tuple[str, ...], ...] = (
    (),
    ("cluster",),
    ("switch",),
    ("ops",),
    ("audit",),
    ("ledger",),
    ("ledger", "journal"),
    ("models",),
    ("payments",),
    ("reviews",),
    ("compliance",),
    ("compliance", "lists"),
    ("compliance", "cases"),
)

_MODULES = (
    "up",
    "down",
    "status",
    "serve",
    "cluster",
    "switch",
    "ops",
    "audit",
    "ledger",
    "lists",
    "cases",
    "names",
    "payments",
    "reviews",
    "models",
    "registry",
)


def commands() -> list[tuple[str, ...]]:
    every = [(*group, name) for group in GROUPS for name in named(group) if not name.startswith("-")]
    return [path for path in every if path not in GROUPS]


def named(path: tuple[str, ...]) -> App:
    found = app
    for name in path:
        found = found[name]
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_a_command_is_listed_with_the_words_of_its_own(path: tuple[str, ...]) -> None:
    command = named(path)
    assert command.default_command is not None
    described = (getdoc(command.default_command) or "").partition("\n\nParameters\n")[0]

    assert cleandoc(command.help) == described


def test_listing_the_commands_imports_none_of_them() -> None:
    code = (
        "import sys\n"
        "from waqiti.cli.app import run\n"
        f"for group in {[list(group) for group in GROUPS]}:\n"
        "    run([*group, '--help'])\n"
        "print(*(name for name in sys.modules if name.startswith('waqiti.')), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    for sentence in ("Start the platform", "Stop the platform", "Show every process", "Serve deployments", "Apply new"):
        assert sentence in done.stdout
    for sentence in ("List deployments", "Print the last lines", "Replace every replica", "Prove that the books"):
        assert sentence in done.stdout
    for sentence in (
        "List every switch",
        "Set a switch",
        "Let go of a switch",
        "List what operators did",
        "Prove the chain",
    ):
        assert sentence in done.stdout
    for sentence in ("List the registered versions", "Measure a version", "Bring a version into force", "Go back to"):
        assert sentence in done.stdout
    for sentence in ("List reviews", "Let what waits", "End what waits"):
        assert sentence in done.stdout
    loaded = set(done.stderr.split())
    assert loaded.isdisjoint({f"waqiti.cli.{name}" for name in _MODULES})
    assert not {name for name in loaded if name.startswith("waqiti.services")}


def test_quick_is_explained_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    run(["ledger", "verify", "--help"])

    (row,) = [line for line in capsys.readouterr().out.splitlines() if "--quick" in line]
    assert "Look at the last ten minutes only." in row
    assert "--no-quick" not in row


@pytest.mark.parametrize(
    "arguments",
    [
        "cluster list --state DIR",
        "cluster restart payment-service --state=DIR",
        "cluster --state DIR list",
        "ledger verify --state DIR",
        "migrate ledger-service --state DIR",
        "--state DIR status",
    ],
)
def test_a_state_where_no_command_takes_one_is_told_about_the_variable(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments.split()) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "waqiti: --state is an option of up, down and status only, after their name: elsewhere set WAQITI_STATE\n"
    )


def test_an_option_that_merely_looks_like_it_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cluster", "list", "--states"]) == 2

    assert "Unknown option: --states." in capsys.readouterr().err


def test_what_to_try_first_breaks_between_options_and_fits_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAQITI_STATE", str(tmp_path))
    key = f"wq_api_{secrets.token_urlsafe(32)}"
    credentials = Credentials(
        base_url="http://127.0.0.1:65535",
        operations_url="http://127.0.0.1:65535",
        api_key=key,
        operator_key="",
        approver_key="",
        services={},
        databases={},
    )

    _, (_, customer), (heal, _) = first_things(Layout(tmp_path), credentials)

    lines = f"   {customer}".splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert [line.split()[0] for line in lines] == ["curl", "-H", "-H", "-d", "-H"]
    assert "a second later" in heal
