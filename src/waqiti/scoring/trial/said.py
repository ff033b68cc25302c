"""What an artifact says of itself; no trees are loaded for it."""

from typing import Protocol

from waqiti.scoring.artifact import Artifact, Manifest
from waqiti.scoring.figures import figures_of
from waqiti.scoring.trial.report import Passed


class Saying(Protocol):
    """An artifact, loaded or not."""

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        ...

    @property
    def card(self) -> str:
        """Its card, in Markdown."""
        ...


def passed(said: Saying, accused: tuple[str, ...]) -> Passed:
    """Return what is reported of an artifact that can be served."""
    return Passed(said.manifest.training, figures_of(said.manifest.metrics), said.card, accused)


def trusted(content: bytes) -> Passed:
    """Report of an artifact that needs no trial: it comes with this release.

    Raises:
        DamagedArtifact: the bytes are no artifact, or not whole.
    """
    return passed(Artifact.read(content), ())
