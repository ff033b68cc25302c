"""The model that ships, in process: what it finds in towns that it has not seen, and how long a score takes.

    python -m bench.fraud [--residents 600] [--days 75]

prints JSON lines. A score is counted from the movement and the states of its parties to the number: features, folding
and trees. Where the machine has other work, p99 by the clock is that of its scheduler; p99 of the processor stays.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec
import numpy as np

from bench.printing import print_lines
from waqiti.cli.labelled import town_samples
from waqiti.contracts.switches import DEFAULT_REVIEW_THRESHOLD
from waqiti.scoring import FEATURES, History, Movement
from waqiti.scoring.artifact import Metrics
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.training import Period, Sample, judge
from waqiti.scoring.training.evaluation import measure
from waqiti.scoring.training.table import Table, tabulate
from waqiti.simulation import FIRST_DAY

_SEED: Final = 4_711
_WARM_UP_DAYS: Final = 40
_TIMED: Final = 4_000

_Time = tuple[float, float]
"""Milliseconds by the clock on the wall, and of this thread's processor."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of fraud and of the rest with a score of 0.70 or more."""

    what: str
    rows: int
    frauds: int
    recall: float | None
    false_positives_per_million: float
    average_precision: float | None
    calibration_error: float


class Innocents(msgspec.Struct, frozen=True, kw_only=True):
    what: str = "stories of the innocent"
    movements: int
    highest_score: float
    accused: int


class Times(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    count: int
    p50_ms: float
    p99_ms: float
    p99_cpu_ms: float


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    what: str = "features of a stream, folded"
    rows: int
    rows_per_second: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=600)
    parser.add_argument("--days", type=int, default=75)
    options = parser.parse_args()
    predictor = Predictor.load(shipped_artifact())
    began = time.perf_counter()
    samples = list(town_samples(_SEED, options.residents, options.days))
    table = tabulate(samples, lambda _: None)
    seconds = time.perf_counter() - began
    period = Period(FIRST_DAY + timedelta(days=_WARM_UP_DAYS), FIRST_DAY + timedelta(days=options.days - 1))
    verdict = judge(predictor)
    print_lines(
        found("a town that was not trained on", predictor, table, period),
        found("the same, where no fraud becomes known", predictor, unlabelled(table), period),
        Innocents(movements=verdict.movements, highest_score=verdict.highest, accused=len(verdict.accused)),
        Folding(rows=len(table), rows_per_second=len(table) / seconds),
        scored_one_by_one(predictor, samples[-_TIMED * 4 :]),
        scored_in_batches(predictor, table, 10),
        scored_in_batches(predictor, table, 100),
        explained(predictor, table),
    )
    return 0


def found(what: str, predictor: Predictor, table: Table, period: Period) -> Found:
    """Measure on the days of a period."""
    test = period.rows_of(table)
    metrics: Metrics = measure(np.asarray(predictor.score(table.rows[test])), table, test, period, 0)
    return Found(
        what=what,
        rows=metrics.rows,
        frauds=metrics.frauds,
        recall=metrics.recall,
        false_positives_per_million=(metrics.false_positive_rate or 0.0) * 1e6,
        average_precision=metrics.average_precision,
        calibration_error=metrics.calibration_error,
    )


def unlabelled(table: Table) -> Table:
    """Return the table as it is where nobody says what was fraud."""
    rows = table.rows.copy()
    rows[:, [place for place, feature in enumerate(FEATURES) if feature.reason == "fraud_known"]] = 0.0
    return msgspec.structs.replace(table, rows=rows)


def scored_one_by_one(predictor: Predictor, samples: Sequence[Sample]) -> Times:
    """Score movements as they come, history and all; the first three quarters are history only."""
    history = History()
    movements = [sample.movement for sample in samples]
    for movement in movements[:-_TIMED]:
        history.features(movement)

    def score(movement: Movement) -> None:
        predictor.score([history.features(movement)])

    calls = [partial(score, movement) for movement in movements[-_TIMED:]]
    return _times("one movement: features and score", calls)


def scored_in_batches(predictor: Predictor, table: Table, size: int) -> Times:
    """Score rows whose features are there."""
    calls = [partial(predictor.score, table.rows[start : start + size]) for start in range(0, 1_000 * size, size)]
    return _times(f"scores of {size} rows of features", calls)


def explained(predictor: Predictor, table: Table) -> Times:
    """Give reasons for high scores."""
    scores = np.asarray(predictor.score(table.rows))
    high = [table.rows[place].tolist() for place in np.flatnonzero(scores >= DEFAULT_REVIEW_THRESHOLD)[:1_000]]
    return _times("reasons of a high score", [partial(predictor.reasons, row) for row in high])


def _times(what: str, calls: Sequence[Callable[[], object]]) -> Times:
    times: list[_Time] = []
    for call in calls:
        began, began_cpu = time.perf_counter(), time.thread_time()
        call()
        times.append(((time.perf_counter() - began) * 1000, (time.thread_time() - began_cpu) * 1000))
    clock, cpu = sorted(one for one, _ in times), sorted(one for _, one in times)
    last = int(len(times) * 0.99)
    return Times(what=what, count=len(times), p50_ms=clock[len(times) // 2], p99_ms=clock[last], p99_cpu_ms=cpu[last])


if __name__ == "__main__":
    sys.exit(main())
