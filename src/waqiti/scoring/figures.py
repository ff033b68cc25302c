"""Figures of a test period as the API shows them. Nothing of what loads and trains models is imported here."""

from typing import TYPE_CHECKING, Final

from waqiti.contracts.public.models import ModelFigures

if TYPE_CHECKING:
    from waqiti.scoring.artifact import Metrics

TOP: Final = 100
"""The payers of a day with the highest score, among whom precision is measured."""


def figures_of(metrics: "Metrics") -> ModelFigures:
    """Return what was measured as the API shows it."""
    return ModelFigures(
        rows=metrics.rows,
        frauds=metrics.frauds,
        train_rows=metrics.train_rows,
        auc=metrics.auc,
        average_precision=metrics.average_precision,
        precision_at_k=metrics.precision_at_100,
        k=TOP,
        recall=metrics.recall,
        false_positive_rate=metrics.false_positive_rate,
        calibration_error=metrics.calibration_error,
    )
