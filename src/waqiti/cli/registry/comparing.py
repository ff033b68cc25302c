"""Measuring registered versions on the same test period, and recording what came of it."""

import time
from collections.abc import Callable, Iterable
from typing import Self

import msgspec

from waqiti.cli.registry.calling import all_versions, champion_of
from waqiti.client import Client
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError
from waqiti.scoring.artifact import ArtifactError, Metrics
from waqiti.scoring.figures import figures_of
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.training import Period, Sample
from waqiti.scoring.training.evaluation import evaluate, tabulated
from waqiti.scoring.training.table import Table

Progress = Callable[[str], None]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How one version did; None where a figure is not defined."""

    version: str
    auc: float | None
    average_precision: float | None
    precision_at_100: float | None
    recall: float | None
    false_positive_rate: float | None
    calibration_error: float

    @classmethod
    def of(cls, version: str, metrics: Metrics) -> Self:
        """Return the figures out of what was measured."""
        return cls(
            version=version,
            auc=metrics.auc,
            average_precision=metrics.average_precision,
            precision_at_100=metrics.precision_at_100,
            recall=metrics.recall,
            false_positive_rate=metrics.false_positive_rate,
            calibration_error=metrics.calibration_error,
        )


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """What ``models evaluate --json`` prints; ``champion`` is None where the version is in force itself.

    ``rows`` and ``frauds`` count the test period.
    """

    version: str
    data: str
    rows: int
    frauds: int
    seconds: float
    figures: Figures
    champion: Figures | None


def evaluate_on(
    client: Client, version: str | None, samples: Iterable[Sample], data: str, period: Period | None, progress: Progress
) -> Evaluated:
    """Measure a version, by default the one in force, and beside another the one in force; that is recorded.

    Raises:
        ClusterError: there is no such version, or one of them does not load.
        TrainingDataError: the data is no data to test on.
    """
    began = time.monotonic()
    wanted = version or _in_force(client)
    if wanted is None:
        raise ClusterError("No model is in force: say which version to evaluate", WRONG_USE)
    predictor = _loaded(client, wanted)
    table, tested = tabulated(samples, period, progress)
    own = evaluate(predictor, table, tested)
    champion = compare_with_champion(client, wanted, own, table, tested, data)
    return Evaluated(
        version=wanted,
        data=_words(data, tested),
        rows=own.rows,
        frauds=own.frauds,
        seconds=round(time.monotonic() - began, 3),
        figures=Figures.of(wanted, own),
        champion=champion,
    )


def compare_with_champion(
    client: Client, version: str, own: Metrics, table: Table, period: Period, data: str
) -> Figures | None:
    """Measure the version in force on the rows on which another was, and record both; None where it is that one.

    Raises:
        ClusterError: the version in force does not load with this release.
    """
    champion = _in_force(client)
    if champion is None or champion == version:
        return None
    other = evaluate(_loaded(client, champion), table, period)
    client.models.compare(
        version,
        champion,
        data=_words(data, period),
        figures=figures_of(own),
        champion_figures=figures_of(other),
    )
    return Figures.of(champion, other)


def _in_force(client: Client) -> str | None:
    champion = champion_of(all_versions(client))
    return champion.version if champion is not None else None


def _words(data: str, period: Period) -> str:
    return f"{data}, {period.first} to {period.last}"


def _loaded(client: Client, version: str) -> Predictor:
    try:
        return Predictor.load(client.models.artifact(version))
    except ArtifactError as error:
        raise ClusterError(f"{version} does not load with this release: {error}", FAILED) from error
