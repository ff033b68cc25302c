"""Commands about models where no platform is, or where they are used wrongly."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from waqiti.cli.app import run
from waqiti.cli.registry.calling import GatesFailed, GateView
from waqiti.cli.registry.changing import shortcoming
from waqiti.cli.registry.showing import show
from waqiti.client import ModelInForce
from waqiti.contracts.public.models import ModelFigures, ModelVersion, ServingReplica


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


def test_versions_fit_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    figures = ModelFigures(
        rows=10_000,
        frauds=60,
        train_rows=40_000,
        auc=0.98,
        average_precision=0.8,
        precision_at_k=0.45,
        k=100,
        recall=0.6,
        false_positive_rate=0.001,
        calibration_error=0.01,
    )
    shown = ModelVersion(
        model="fraud-detection",
        version="v1.10.1",
        champion=True,
        source="trained",
        sha256="0" * 64,
        fingerprint="",
        figures=figures,
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
        registered_by="key_operator",
    )

    show([shown])

    printed = capsys.readouterr().out
    assert "in force" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_gates_that_refuse_are_a_list_for_machines_and_lines_for_people() -> None:
    gate = GateView("recall", ok=False, detail="It finds no fraud at all at the threshold of review.")

    refused = GatesFailed("v1.0.1 does not pass: recall.", [gate])

    assert refused.exit_code == 3
    assert str(refused).splitlines() == [
        "v1.0.1 does not pass: recall.",
        "  recall: It finds no fraud at all at the threshold of review.",
        "--force --reason TEXT passes over all but loads",
    ]
    assert msgspec.to_builtins(refused.gates) == [{"gate": "recall", "ok": False, "detail": gate.detail}]


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
