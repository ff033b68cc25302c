"""The figures are what their definitions say."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.scoring.training.metrics import auc, average_precision, calibration_error, precision_at, share_at

DAY = 86_400
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 10).map(lambda tenth: tenth / 10)), min_size=1, max_size=40)
Rows = list[tuple[bool, float]]


@given(ROWS)
def test_auc_is_how_often_fraud_scores_higher_than_another_ties_counting_half(rows: Rows) -> None:
    labels, scores = _columns(rows)
    pairs = [(a > b) + (a == b) / 2 for a, b in product(scores[labels], scores[~labels])]

    assert auc(labels, scores) == (pytest.approx(np.mean(pairs)) if pairs else None)


@given(ROWS)
def test_average_precision_adds_precision_wherever_recall_grows(rows: Rows) -> None:
    labels, scores = _columns(rows)
    expected, found = 0.0, 0
    for threshold in sorted(set(scores), reverse=True):
        chosen = scores >= threshold
        gained = int(labels[chosen].sum()) - found
        found += gained
        expected += gained * found / int(chosen.sum())

    positives = int(labels.sum())
    assert average_precision(labels, scores) == (pytest.approx(expected / positives) if positives else None)


@given(ROWS)
def test_calibration_error_weighs_each_bin_by_its_rows(rows: Rows) -> None:
    labels, scores = _columns(rows)
    bins = np.minimum((scores * 10).astype(int), 9)
    expected = sum(
        abs(scores[bins == one].mean() - labels[bins == one].mean()) * (bins == one).mean() for one in set(bins)
    )

    assert calibration_error(labels, scores) == pytest.approx(expected)


def test_precision_at_looks_at_payers_of_a_day_by_their_highest_score() -> None:
    labels, scores = _columns([(True, 0.2), (False, 0.9), (False, 0.8), (False, 0.1), (True, 0.7)])
    seconds = np.array([0, 1, 2, 3, DAY])
    payers = np.array([7, 7, 8, 9, 9])

    assert precision_at(1, labels, scores, seconds, payers, {}) == (1.0, 1.0)
    assert precision_at(2, labels, scores, seconds, payers, {}) == (0.5, 0.5)


def test_precision_at_leaves_out_who_is_known_to_be_compromised_when_the_day_begins() -> None:
    labels, scores = _columns([(True, 0.9), (False, 0.1), (True, 0.9), (False, 0.1)])
    seconds, payers = np.array([0, 1, DAY, DAY + 1]), np.array([1, 2, 1, 2])

    assert precision_at(1, labels, scores, seconds, payers, {1: DAY}) == (0.5, 0.5)
    assert precision_at(1, labels, scores, seconds, payers, {1: DAY + 1}) == (1.0, 1.0)


def test_a_share_of_nothing_is_none() -> None:
    labels, scores = _columns([(False, 0.9), (False, 0.1)])

    assert share_at(labels, scores, 0.7) is None
    assert share_at(~labels, scores, 0.7) == 0.5


def _columns(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in rows]), np.array([score for _, score in rows])
