"""Artifacts of fraud detection. What loads models runs in processes of its own: this one never does."""

import asyncio

import msgspec

from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.trial import Passed, Refused, library, tried
from waqiti.services.ml.usecases.artifacts import ArtifactError, Inspected


class ScoringWorkshop:
    """Tries what ``waqiti.scoring`` serves."""

    def library(self) -> str:
        """Return under what artifacts are tried."""
        return library()

    async def inspect(self, content: bytes) -> Inspected:
        """Try an artifact and read what it says of itself; the one that ships is trusted.

        Raises:
            ArtifactError: it does not load with this release.
            OSError: no process can be started.
        """
        said = await asyncio.to_thread(_trusted, content) if content == self.shipped() else await _tried(content)
        return Inspected(fingerprint=said.training, figures=said.figures, card=msgspec.json.encode(said.card).decode())

    async def suspected(self, content: bytes) -> list[str]:
        """Try an artifact and return which ordinary behaviour the model would hold or refuse.

        Raises:
            ArtifactError: it does not load with this release.
            OSError: no process can be started.
        """
        return list((await _tried(content, accused=True)).accused)

    def shipped(self) -> bytes | None:
        """Return the artifact that comes with this release."""
        return shipped_artifact()


async def _tried(content: bytes, *, accused: bool = False) -> Passed:
    said = await tried(content, accused=accused)
    if isinstance(said, Refused):
        raise ArtifactError(said.why)
    return said


def _trusted(content: bytes) -> Passed:
    from waqiti.scoring.artifact import DamagedArtifact
    from waqiti.scoring.trial.said import trusted

    try:
        return trusted(content)
    except DamagedArtifact as error:
        raise ArtifactError(str(error)) from error
