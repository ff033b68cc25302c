"""Figures of a model on a test period. Labels are booleans, scores from 0 to 1, one of each per row."""

from typing import Final

import numpy as np
import numpy.typing as npt

from waqiti.scoring.state import DAY
from waqiti.scoring.training.table import Bools, Ints

Scores = npt.NDArray[np.float64]

_BINS: Final = 10


def auc(labels: Bools, scores: Scores) -> float | None:
    """Return the area under the ROC curve, by the ranks of Mann and Whitney (Hanley and McNeil, 1982); ties count half.

    None where there is one class only.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[place]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(labels: Bools, scores: Scores) -> float | None:
    """Return the sum over thresholds of (recall gained) x precision, without interpolation; equal scores are one step.

    Manning, Raghavan, Schuetze, "Introduction to Information Retrieval", section 8.4. None without a positive.
    """
    positives = int(labels.sum())
    if not positives:
        return None
    order = np.argsort(-scores, kind="stable")
    ordered, found = scores[order], np.cumsum(labels[order])
    steps = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    gained = np.diff(found[steps], prepend=0)
    return float((gained * found[steps] / (steps + 1)).sum() / positives)


def calibration_error(labels: Bools, scores: Scores) -> float:
    """Return the expected calibration error: over ten bins of equal width, |mean score - share of fraud| by rows.

    Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015.
    """
    bins = np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
    score_sums = np.bincount(bins, weights=scores, minlength=_BINS)
    fraud_sums = np.bincount(bins, weights=labels, minlength=_BINS)
    return float(np.abs(score_sums - fraud_sums).sum() / len(labels))


def share_at(chosen: Bools, scores: Scores, threshold: float) -> float | None:
    """Return the share of the chosen rows that reach ``threshold``; None where none is chosen."""
    return float((scores[chosen] >= threshold).mean()) if chosen.any() else None


def precision_at(
    count: int, labels: Bools, scores: Scores, seconds: Ints, payers: Ints, compromised: dict[int, int]
) -> tuple[float | None, float | None]:
    """Return the card precision at ``count``, and its ceiling: what a model that knew all labels would reach.

    Of every day (UTC) with rows: the share of fraud among the ``count`` payers with the highest score of the day, a
    payer being fraud if any of its rows of the day is. The mean over days is what Le Borgne et al., chapter 4.3, call
    CP@k. ``compromised`` says of payers since when (seconds) they were known: they are left out from the next day on.
    """
    precisions, ceilings = [], []
    for day in np.unique(seconds // DAY):
        of_day = seconds // DAY == day
        known = {payer for payer, since in compromised.items() if since <= day * DAY}
        best: dict[int, float] = {}
        frauds: set[int] = set()
        for payer, score, label in zip(
            payers[of_day].tolist(), scores[of_day].tolist(), labels[of_day].tolist(), strict=True
        ):
            if payer not in known:
                best[payer] = max(score, best.get(payer, 0.0))
                if label:
                    frauds.add(payer)
        top = sorted(best, key=lambda payer: (-best[payer], payer))[:count]
        precisions.append(len(frauds.intersection(top)) / count)
        ceilings.append(min(len(frauds), count) / count)
    if not precisions:
        return None, None
    return float(np.mean(precisions)), float(np.mean(ceilings))
