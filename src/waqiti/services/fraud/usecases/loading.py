"""Models from artifacts. What loads them is imported where it is used: the worker process does without."""

from typing import TYPE_CHECKING

from waqiti.services.fraud.usecases.models import UnusableModel

if TYPE_CHECKING:
    from waqiti.scoring.predictor import Predictor


def load(content: bytes) -> "Predictor":
    """Make a predictor of an artifact.

    Raises:
        UnusableModel: this release cannot serve it.
    """
    from waqiti.scoring.artifact import ArtifactError
    from waqiti.scoring.predictor import Predictor

    try:
        return Predictor.load(content)
    except ArtifactError as error:
        raise UnusableModel(str(error)) from error
