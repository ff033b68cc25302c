"""Figures of scores on the test period of a table."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from waqiti.contracts.switches import DEFAULT_REVIEW_THRESHOLD
from waqiti.scoring.artifact import Metrics
from waqiti.scoring.calibration import Floats
from waqiti.scoring.figures import TOP
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.state import DAY
from waqiti.scoring.training import metrics
from waqiti.scoring.training.samples import Sample, TrainingDataError
from waqiti.scoring.training.split import Period
from waqiti.scoring.training.table import Bools, Progress, Table, tabulate

_KNOWN_BEFORE: Final = 7 * DAY


def tabulated(
    stream: Iterable[Sample], period: Period | None, progress: Progress = lambda _: None
) -> tuple[Table, Period]:
    """Return a stream as a table, and the period of it to test on, by default its last week or quarter.

    Raises:
        TrainingDataError: there is no row in the period.
    """
    table = tabulate(stream, progress)
    if not len(table):
        raise TrainingDataError("there are no rows")
    period = period or Period.last_of(table)
    if not period.rows_of(table).any():
        raise TrainingDataError(f"there is no row in the test period {period.first} to {period.last}")
    return table, period


def evaluate(predictor: Predictor, table: Table, period: Period) -> Metrics:
    """Measure a model that exists on the rows of a period."""
    test = period.rows_of(table)
    scores = np.asarray(predictor.score(table.rows[test]))
    return measure(scores, table, test, period, predictor.manifest.metrics.train_rows)


def measure(scores: Floats, table: Table, test: Bools, period: Period, train_rows: int) -> Metrics:
    """Return the figures of ``scores``, one for each row of ``test``."""
    labels = table.labels[test]
    precision, ceiling = metrics.precision_at(
        TOP, labels, scores, table.seconds[test], table.payers[test], _compromised(table, period)
    )
    return Metrics(
        rows=len(labels),
        frauds=int(labels.sum()),
        train_rows=train_rows,
        auc=metrics.auc(labels, scores),
        average_precision=metrics.average_precision(labels, scores),
        precision_at_100=precision,
        precision_at_100_ceiling=ceiling,
        false_positive_rate=metrics.share_at(~labels, scores, DEFAULT_REVIEW_THRESHOLD),
        recall=metrics.share_at(labels, scores, DEFAULT_REVIEW_THRESHOLD),
        calibration_error=metrics.calibration_error(labels, scores),
    )


def _compromised(table: Table, period: Period) -> dict[int, int]:
    """Return the payers of frauds that became known in the week before the period or in it, and since when.

    That is the set of Le Borgne et al., chapter 4.3, who train on one week: whoever was compromised long ago is not.
    """
    rows = np.flatnonzero(table.labels & (table.known >= period.begin - _KNOWN_BEFORE) & (table.known < period.end))
    since: dict[int, int] = {}
    for payer, known in zip(table.payers[rows].tolist(), table.known[rows].tolist(), strict=True):
        since[payer] = min(known, since.get(payer, known))
    return since
