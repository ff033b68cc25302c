"""Artifacts of fraud detection.

What loads and trains models is imported when it is needed: a registry that idles holds none of it.
"""

from typing import TYPE_CHECKING

import msgspec

from waqiti.scoring.figures import figures_of
from waqiti.scoring.shipped import shipped_artifact
from waqiti.services.ml.usecases.artifacts import ArtifactError, Inspected

if TYPE_CHECKING:
    from waqiti.scoring.predictor import Predictor


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


def _loaded(content: bytes) -> "Predictor":
    from waqiti.scoring.artifact import ArtifactError as UnreadableArtifact
    from waqiti.scoring.predictor import Predictor

    try:
        return Predictor.load(content)
    except UnreadableArtifact as error:
        raise ArtifactError(str(error)) from error
