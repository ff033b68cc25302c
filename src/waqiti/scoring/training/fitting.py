"""Fitting trees, and what their margins mean as scores."""

from typing import Final

import msgspec
import numpy as np
import xgboost

from waqiti.scoring.calibration import Calibration, Floats, probabilities
from waqiti.scoring.training.table import Bools, Float32s
from waqiti.scoring.trees import Trees

_INNOCENT_SHARE: Final = 1.0
_MOST_ITERATIONS: Final = 50
_RIDGE: Final = 1.0
_LEAST_SLOPE: Final = 0.05
_STILL: Final = 1e-9


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Of the trees: XGBoost's names. ``patience`` is the rounds without progress after which fitting ends."""

    max_depth: int = 5
    eta: float = 0.1
    min_child_weight: float = 1.0
    subsample: float = 0.8
    colsample_bytree: float = 0.8
    seed: int = 1
    rounds: int = 500
    patience: int = 30


class Examples(msgspec.Struct, frozen=True):
    """Rows (examples x features) with their labels; None as weights is 1 for each."""

    rows: Float32s
    labels: Bools
    weights: Float32s | None = None

    def beside(self, innocent: Float32s) -> "Examples":
        """Return these and, as no fraud, ``innocent`` ones that together weigh no more than they."""
        count, weight = len(self.labels), min(1.0, _INNOCENT_SHARE * len(self.labels) / len(innocent))
        return Examples(
            np.concatenate([self.rows, innocent]),
            np.concatenate([self.labels, np.zeros(len(innocent), dtype=np.bool_)]),
            np.concatenate([np.ones(count, np.float32), np.full(len(innocent), weight, np.float32)]),
        )


def fit(examples: Examples, later: Examples, by: Parameters, threads: int) -> Trees:
    """Fit to ``examples`` until the ``later`` ones are understood no better; one thread gives the same trees again."""
    data = xgboost.DMatrix(examples.rows, examples.labels, weight=examples.weights, nthread=threads)
    watched = xgboost.DMatrix(later.rows, later.labels, nthread=threads)
    booster = xgboost.train(
        {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "nthread": threads,
            "max_depth": by.max_depth,
            "eta": by.eta,
            "min_child_weight": by.min_child_weight,
            "subsample": by.subsample,
            "colsample_bytree": by.colsample_bytree,
            "seed": by.seed,
        },
        data,
        num_boost_round=by.rounds,
        evals=[(watched, "later")],
        early_stopping_rounds=by.patience,
        verbose_eval=False,
    )
    return Trees(booster[: booster.best_iteration + 1])


def calibrate(margins: Floats, labels: Bools) -> Calibration:
    """Fit log-odds = slope x margin + intercept by maximum likelihood (Platt, 1999), by Newton's method.

    A little drawn towards slope 1 and intercept 0, that is towards the trees' own probabilities, for the labels may be
    few.
    """
    design = np.column_stack([margins, np.ones_like(margins)])
    prior = np.array([1.0, 0.0])
    weights = prior.copy()
    for _ in range(_MOST_ITERATIONS):
        chance = probabilities(design @ weights)
        gradient = design.T @ (chance - labels) + _RIDGE * (weights - prior)
        curvature = (design * (chance * (1.0 - chance))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < _STILL:
            break
    return Calibration(slope=max(_LEAST_SLOPE, float(weights[0])), intercept=float(weights[1]))
