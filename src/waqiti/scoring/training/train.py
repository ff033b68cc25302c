"""Training and testing a model, from a stream to an artifact."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from waqiti.scoring.artifact import FORMAT, Artifact, Manifest, Metrics, sha256
from waqiti.scoring.calibration import Calibration
from waqiti.scoring.catalogue import FEATURES, NAMES, fingerprint
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.training.card import write_card
from waqiti.scoring.training.evaluation import measure
from waqiti.scoring.training.fitting import Examples, Parameters, calibrate, fit
from waqiti.scoring.training.innocence import LEARNT_SEEDS, Verdict, innocent_rows, judge
from waqiti.scoring.training.samples import Sample, TrainingDataError
from waqiti.scoring.training.split import Period, Split
from waqiti.scoring.training.table import Bools, Float32s, Progress, Table, tabulate
from waqiti.scoring.trees import LIBRARY, Trees

_OF_LABELS: Final = np.flatnonzero([feature.reason == "fraud_known" for feature in FEATURES])
"""Features that are 0 where no fraud is known."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    ``data`` says in words what is trained on; ``created_at`` is now. ``test`` is the last week, or quarter, where it
    is None. Rows of the first ``warm_up`` are history only: of a week, or less, where it is None. For a share
    ``unlabelled`` of the rows learnt from it is left out which frauds were known, so that the model does not live by
    them: a new installation knows of none. One thread gives the same artifact from the same data.
    """

    data: str
    created_at: datetime
    test: Period | None = None
    warm_up: timedelta | None = None
    unlabelled: float = 0.0
    threads: int = 1
    parameters: Parameters = Parameters()


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A model: its artifact, the rows read, its figures on the ``test`` period, and the verdict of the innocents.

    ``table`` has what was read, so that others can be measured on the same rows.
    """

    artifact: bytes
    sha256: str
    card: str
    table: Table
    test: Period
    metrics: Metrics
    verdict: Verdict

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return len(self.table)


def train(stream: Iterable[Sample], options: Options, progress: Progress = lambda _: None) -> Trained:
    """Train on the time before the test period and measure on it.

    Raises:
        TrainingDataError: there is nothing to learn from, or to test on.
    """
    table = tabulate(stream, progress)
    if not len(table):
        raise TrainingDataError("there are no rows")
    period = options.test or Period.last_of(table)
    split = Split.of(table, period, options.warm_up)
    learnt = int((split.fit | split.validation).sum())
    progress(f"Learning from {learnt:,} rows, testing on {period.first} to {period.last}")
    trees, calibration = _fitted(table, split, options)
    metrics = measure(calibration.scores(trees.margins(table.rows[split.test])), table, split.test, period, learnt)
    artifact = _artifact(trees, calibration, metrics, _fingerprint(table, period, options), options, period)
    content = artifact.to_bytes()
    return Trained(
        artifact=content,
        sha256=sha256(content),
        card=artifact.card,
        table=table,
        test=period,
        metrics=metrics,
        verdict=judge(Predictor.load(content)),
    )


def _fitted(table: Table, split: Split, options: Options) -> tuple[Trees, Calibration]:
    """Fit until the validation days are understood no better, and fix on them what a margin means as a score."""
    rows = _some_unlabelled(table.rows, options)
    innocent = np.concatenate([innocent_rows(seed) for seed in LEARNT_SEEDS])
    learnt, later = (Examples(rows[part], table.labels[part]) for part in (split.fit, split.validation))
    trees = fit(learnt.beside(innocent), later, options.parameters, options.threads)
    return trees, calibrate(trees.margins(later.rows), later.labels)


def _some_unlabelled(rows: Float32s, options: Options) -> Float32s:
    chosen: Bools = np.random.default_rng(options.parameters.seed).random(len(rows)) < options.unlabelled
    changed = rows.copy()
    changed[np.ix_(chosen, _OF_LABELS)] = 0.0
    return changed


def _artifact(
    trees: Trees, calibration: Calibration, metrics: Metrics, training: str, options: Options, period: Period
) -> Artifact:
    model = trees.to_bytes()
    manifest = Manifest(
        format=FORMAT,
        library=LIBRARY,
        catalogue=fingerprint(),
        training=training,
        features=NAMES,
        calibration=calibration,
        metrics=metrics,
        created_at=options.created_at,
        model_sha256=sha256(model),
    )
    return Artifact(manifest, model, write_card(manifest, options.data, period))


def _fingerprint(table: Table, period: Period, options: Options) -> str:
    """Return the SHA-256 of what the model follows from: data, period, parameters, features, library."""
    parts = (table.digest(), period, options.warm_up, options.unlabelled, options.parameters, fingerprint(), LIBRARY)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
