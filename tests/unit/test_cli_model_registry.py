"""Commands about models where no platform is, or where they are used wrongly."""

from pathlib import Path

import pytest

from waqiti.cli.app import run
from waqiti.cli.registry.changing import shortcoming
from waqiti.client import ModelInForce
from waqiti.contracts.public.models import ServingReplica


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


@pytest.mark.parametrize(
    ("replicas", "unreached", "desired", "said"),
    [
        (["fraud-service-1"], [], 1, None),
        ([], ["fraud-service-1"], 1, "Not served within 5 s by fraud-service-1"),
        ([], [], 1, "Nobody serves it: no replica of fraud-service was seen"),
        ([], [], 0, None),
    ],
)
def test_a_change_that_nobody_serves_is_no_success(
    replicas: list[str], unreached: list[str], desired: int, said: str | None
) -> None:
    done = ModelInForce(
        model="fraud-detection",
        version="v1.0.0",
        revision=2,
        changed=True,
        forced=False,
        replicas=[ServingReplica(name, 90.0) for name in replicas],
        unreached=unreached,
    )

    assert shortcoming(done, desired) == said
