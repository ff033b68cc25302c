"""What a model must be worth: by itself, beside the one in force, and on how much."""

from datetime import UTC, datetime

import msgspec
import pytest

from tests.support.models import GOOD
from waqiti.contracts.public.models import Comparison, Gate, ModelFigures
from waqiti.scoring.worth import alone
from waqiti.services.ml.domain.gates import judge


def changed(**figures: object) -> ModelFigures:
    return msgspec.structs.replace(GOOD, **figures)


def failed(gates: list[Gate]) -> list[str]:
    return [gate.name for gate in gates if not gate.ok]


def compared(figures: ModelFigures, champion: ModelFigures = GOOD) -> list[Gate]:
    comparison = Comparison(
        version="v1.0.1",
        champion="v1.0.0",
        data="A week.",
        figures=figures,
        champion_figures=champion,
        compared_at=datetime(2026, 1, 1, tzinfo=UTC),
        compared_by="key_test",
    )
    return judge(GOOD, "v1.0.0", comparison, [])


@pytest.mark.parametrize(
    ("figures", "gates"),
    [
        (GOOD, []),
        (
            changed(rows=70, frauds=2, auc=0.5, average_precision=0.02, recall=0.0),
            "evidence auc average_precision recall",
        ),
        (changed(auc=0.70), []),
        (changed(average_precision=0.0119), "average_precision"),
        (changed(recall=0.0), "recall"),
        (changed(recall=0.01), []),
        (changed(auc=None, average_precision=None, recall=None, frauds=0), "evidence auc average_precision recall"),
    ],
)
def test_without_a_champion_there_are_floors(figures: ModelFigures, gates: list[str] | str) -> None:
    expected = gates.split() if isinstance(gates, str) else gates

    assert failed(alone(figures)) == expected
    assert failed(judge(figures, None, None, [])) == expected


def test_floors_hold_beside_a_champion_that_is_worthless_too() -> None:
    nothing = changed(auc=0.5, average_precision=0.006, recall=0.0)

    assert failed(compared(nothing, nothing)) == ["auc", "average_precision", "recall"]
    assert failed(compared(GOOD, nothing)) == []


def test_a_want_of_evidence_says_what_is_missing_and_how_to_get_it() -> None:
    (gate,) = [gate for gate in compared(changed(rows=70, frauds=2)) if not gate.ok]

    assert gate.detail == (
        "70 payments with 2 frauds were tested, and at least 10,000 with 50 are needed: "
        "waqiti models evaluate v1.0.1 --data FILE.csv, with more payments, measures it."
    )
