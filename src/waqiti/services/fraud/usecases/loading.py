"""Models from artifacts. What loads them is imported where it is used: the worker process does without."""

from typing import TYPE_CHECKING

from waqiti.contracts.catalog import FRAUD
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.scoring.catalogue import NAMES
from waqiti.scoring.trial import Refused, tried
from waqiti.services.fraud.usecases.models import UnusableModel

if TYPE_CHECKING:
    from waqiti.scoring.predictor import Predictor


async def attempt(content: bytes) -> None:
    """Try an artifact in a process of its own, before it is loaded here.

    Raises:
        UnusableModel: this release cannot serve it.
        DependencyUnavailable: no process can be started now.
    """
    try:
        said = await tried(content)
    except OSError as error:
        detail = f"No process can be started for the trial of a model: {error.strerror}."
        raise DependencyUnavailable(FRAUD, detail) from error
    if isinstance(said, Refused):
        raise UnusableModel(said.why)


def load(content: bytes) -> "Predictor":
    """Make a predictor of an artifact that was tried, and ask it once: the first answer takes longest.

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
