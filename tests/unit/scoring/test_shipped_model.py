"""The model that ships fits the code, holds nobody who is innocent, and finds fraud in a town it has not seen."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from waqiti.cli.labelled import town_samples
from waqiti.scoring import fingerprint, shipped
from waqiti.scoring.artifact import Metrics
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.training import Period, judge
from waqiti.scoring.training.evaluation import evaluate, tabulated
from waqiti.simulation import FIRST_DAY

MOST_BYTES = 500_000
DAYS = 50


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(shipped.shipped_artifact())


@pytest.fixture(scope="module")
def elsewhere(predictor: Predictor) -> Metrics:
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    return evaluate(predictor, *tabulated(town_samples(77, 200, DAYS), Period(FIRST_DAY + timedelta(days=30), last)))


def test_it_was_trained_for_the_features_of_this_code(predictor: Predictor) -> None:
    assert predictor.manifest.catalogue == fingerprint()


def test_it_is_small() -> None:
    assert len(shipped.shipped_artifact()) < MOST_BYTES


def test_its_card_lies_beside_it(predictor: Predictor) -> None:
    assert (Path(shipped.__file__).parent / "card.md").read_text() == predictor.card
    assert predictor.manifest.created_at.date() > date(2026, 1, 1)


@pytest.mark.parametrize("seed", [1, 11])
def test_it_holds_nobody_for_pace_newness_ordinary_amounts_or_a_fresh_deposit(predictor: Predictor, seed: int) -> None:
    verdict = judge(predictor, seed)

    assert verdict.passed, verdict
    assert verdict.movements > 10_000


def test_in_another_town_it_finds_most_fraud_and_holds_few_others(elsewhere: Metrics) -> None:
    assert elsewhere.frauds > 90
    assert elsewhere.recall is not None
    assert elsewhere.recall >= 0.5
    assert elsewhere.false_positive_rate is not None
    assert elsewhere.false_positive_rate <= 0.002


def test_its_scores_are_probabilities_there(elsewhere: Metrics) -> None:
    assert elsewhere.calibration_error < 0.005
