"""Commands about models where no platform is, or where they are used wrongly."""

from pathlib import Path

import pytest

from waqiti.cli.app import run


@pytest.mark.parametrize("command", ["versions", "evaluate", "promote v1.0.0", "rollback v1.0.0"])
def test_without_a_platform_they_say_what_to_do(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAQITI_STATE", str(tmp_path))

    assert run(["models", *command.split()]) == 3

    assert capsys.readouterr().err == f"waqiti: {tmp_path} holds no platform: start one with waqiti up\n"


def test_force_needs_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "promote", "v1.0.0", "--force"]) == 2

    assert "--force needs --reason TEXT" in capsys.readouterr().err
