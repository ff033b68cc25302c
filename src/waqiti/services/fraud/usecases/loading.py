"""Models from artifacts. What loads them is imported where it is used: the worker process does without."""

from importlib import resources
from typing import TYPE_CHECKING, Final

from waqiti.services.fraud.usecases.models import UnusableModel

if TYPE_CHECKING:
    from waqiti.scoring.predictor import Predictor

_SCORING: Final = "waqiti.scoring"
_SHIPPED: Final = "shipped"
_MODEL_FILE: Final = "model.zip"


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


def shipped() -> bytes:
    """Return the artifact that comes with this release; nothing where there is none."""
    file = resources.files(_SCORING) / _SHIPPED / _MODEL_FILE
    return file.read_bytes() if file.is_file() else b""
