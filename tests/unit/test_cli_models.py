"""``waqiti models train`` on a file: figures as one document, the model in a file, and what is wrong in a sentence."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.switching import Board
from waqiti.cli.app import run
from waqiti.cli.labelled import days_of_test, delay_of
from waqiti.contracts.catalog import GATEWAY
from waqiti.operations.errors import ClusterError
from waqiti.scoring.predictor import Predictor
from waqiti.simulation import Town, payments, write_csv


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "payments.csv"
    with path.open("w", newline="") as opened:
        write_csv(opened, payments(Town.of(5, 60), 30))
    return path


def test_it_prints_one_document_and_writes_the_model_and_its_card(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, card = tmp_path / "model.zip", tmp_path / "card.md"
    command = ["models", "train", "--data", str(file), "--test-from", "2025-03-28", "--test-to", "2025-04-02"]

    assert run([*command, "--label-delay", "3d", "--out", str(out), "--card", str(card), "--json"]) == 0

    document = msgspec.json.decode(capsys.readouterr().out)
    predictor = Predictor.load(out.read_bytes())
    assert predictor.sha256 == document["sha256"]
    assert predictor.card == card.read_text()
    assert document["version"] == f"unregistered-{document['sha256'][:8]}"
    assert document["registered"] is False
    assert document["rows"] == len(file.read_text().splitlines()) - 1
    assert (document["test_from"], document["test_to"]) == ("2025-03-28", "2025-04-02")
    for figure in ("seconds", "auc", "average_precision", "precision_at_100", "false_positive_rate", "recall"):
        assert document[figure] >= 0
    assert 0 <= document["calibration_error"] < 0.1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--test-from", "2025-03-28"], "go together"),
        (["--test-from", "March", "--test-to", "April"], "--test-from wants a day such as 2025-06-01, and not 'March'"),
        (["--test-from", "2025-03-28", "--test-to", "2025-03-01"], "before it begins"),
        (["--label-delay", "a week"], "--label-delay wants a period such as"),
        (["--test-from", "2031-01-01", "--test-to", "2031-01-02"], "no row in the test period"),
    ],
)
def test_what_cannot_be_done_is_wrong_use_in_one_sentence(
    file: Path, capsys: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    assert run(["models", "train", "--data", str(file), *more]) == 2

    assert sentence in capsys.readouterr().err


def test_a_file_that_is_not_there_or_no_text_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\xff\xfe")

    assert run(["models", "train", "--data", str(tmp_path / "none.csv")]) == 2
    assert run(["models", "train", "--data", str(picture)]) == 2

    said = capsys.readouterr().err
    assert "cannot be read: No such file" in said
    assert "is not text in UTF-8" in said


def test_periods_are_read() -> None:
    assert delay_of("7d") == timedelta(days=7)
    assert delay_of("12h") == timedelta(hours=12)
    assert days_of_test(None, None) is None
    with pytest.raises(ClusterError):
        delay_of("7")
    assert delay_of("90d") == timedelta(days=90)
    with pytest.raises(ClusterError, match=r"^--label-delay is at most 365 days$"):
        delay_of("366d")
    with pytest.raises(ClusterError, match=r"^--label-delay is at most 365 days$"):
        delay_of("9" * 30 + "d")


def test_where_the_model_cannot_be_written_is_found_before_the_work(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "none" / "model.zip"
    assert run(["models", "train", "--data", str(file), "--out", str(nowhere)]) == 2
    assert run(["models", "train", "--data", str(file), "--card", str(tmp_path)]) == 2

    said = capsys.readouterr().err
    assert said == (
        f"waqiti: {nowhere} cannot be written: there is no directory {nowhere.parent}\n"
        f"waqiti: {tmp_path} cannot be written: it is a directory\n"
    )


def test_a_worthless_model_is_said_to_be_one_and_figures_are_shown_for_people(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "train", "--data", str(file), "--no-register"]) == 0

    printed = capsys.readouterr()
    assert "not fit to decide, for it does not pass these gates:\n  evidence: " in printed.err
    assert "at least 10,000 with 50 are needed" in printed.err
    assert "kept nowhere" not in printed.err
    shown = dict(line.strip().split(maxsplit=1) for line in printed.out.splitlines() if line.strip())
    assert shown["registered"].strip() == "no"
    assert len(shown["seconds"].strip().partition(".")[2]) == 1


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_heavy_work_waits_in_an_emergency_and_only_then(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAQITI_STATE", str(tmp_path))
    board = Board(tmp_path)
    board.set(GATEWAY, "EMERGENCY_MODE", value=True)
    none = ["models", command, "--data", str(tmp_path / "none.csv")]

    assert run(none) == {"train": 2, "evaluate": 3}[command]
    assert "EMERGENCY_MODE" not in capsys.readouterr().err

    monkeypatch.setattr("waqiti.cli.emergency.running_init", lambda _: "an init that runs")
    assert run(none) == 3
    assert capsys.readouterr().err.startswith("waqiti: EMERGENCY_MODE is on, and ")

    board.set(GATEWAY, "EMERGENCY_MODE", value=False)
    run(none)
    assert "EMERGENCY_MODE" not in capsys.readouterr().err
