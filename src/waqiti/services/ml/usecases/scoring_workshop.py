"""Artifacts of fraud detection.

What loads and trains models is imported when it is needed: a registry that idles holds none of it.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from waqiti.contracts.public.models import ModelFigures
from waqiti.scoring.shipped import shipped_artifact
from waqiti.services.ml.usecases.artifacts import ArtifactError, Inspected

if TYPE_CHECKING:
    from waqiti.scoring.artifact import Metrics
    from waqiti.scoring.predictor import Predictor

_TOP: Final = 100


class ScoringWorkshop:
    """Reads and tries what ``waqiti.scoring`` serves."""

    def inspect(self, content: bytes) -> Inspected:
        """Load an artifact and read what it says of itself.

        Raises:
            ArtifactError: it does not load with this release.
        """
        predictor = _loaded(content)
        return Inspected(
            fingerprint=predictor.manifest.training,
            figures=figures_of(predictor.manifest.metrics),
            card=msgspec.json.encode(predictor.card).decode(),
        )

    def suspected(self, content: bytes) -> list[str]:
        """Return which ordinary behaviour the model would hold or refuse.

        Raises:
            ArtifactError: it does not load with this release.
        """
        from waqiti.scoring.training.innocence import judge

        return list(judge(_loaded(content)).accused)

    def shipped(self) -> bytes | None:
        """Return the artifact that comes with this release."""
        return shipped_artifact()


def figures_of(metrics: "Metrics") -> ModelFigures:
    """Return the figures of a training as the API shows them."""
    return ModelFigures(
        rows=metrics.rows,
        frauds=metrics.frauds,
        train_rows=metrics.train_rows,
        auc=metrics.auc,
        average_precision=metrics.average_precision,
        precision_at_k=metrics.precision_at_100,
        k=_TOP,
        recall=metrics.recall,
        false_positive_rate=metrics.false_positive_rate,
        calibration_error=metrics.calibration_error,
    )


def _loaded(content: bytes) -> "Predictor":
    from waqiti.scoring.artifact import ArtifactError as UnreadableArtifact
    from waqiti.scoring.predictor import Predictor

    try:
        return Predictor.load(content)
    except UnreadableArtifact as error:
        raise ArtifactError(str(error)) from error
