"""Models from artifacts. What loads them is imported where it is used: the worker process does without."""

from typing import TYPE_CHECKING

from waqiti.scoring.catalogue import NAMES
from waqiti.services.fraud.usecases.models import UnusableModel

if TYPE_CHECKING:
    from waqiti.scoring.predictor import Predictor


def load(content: bytes) -> "Predictor":
    """Make a predictor of an artifact, and ask it once: the first answer takes longest.

    Raises:
        UnusableModel: this release cannot serve it.
    """
    from waqiti.scoring.artifact import ArtifactError
    from waqiti.scoring.predictor import Predictor

    try:
        predictor = Predictor.load(content)
    except ArtifactError as error:
        raise UnusableModel(str(error)) from error
    nothing = [0.0] * len(NAMES)
    predictor.score([nothing])
    predictor.reasons(nothing)
    return predictor
