"""What the registry asks of an artifact."""

from typing import Protocol

import msgspec

from waqiti.contracts.public.models import ModelFigures


class ArtifactError(Exception):
    """The bytes are no artifact that this release can serve; the message says why."""


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What an artifact says of itself: a hash of what it was trained on, its figures, and its card as JSON."""

    fingerprint: str
    figures: ModelFigures
    card: str


class Workshop(Protocol):
    """Reads and tries artifacts; every method is for a thread beside the event loop."""

    def inspect(self, content: bytes) -> Inspected:
        """Load an artifact and read what it says of itself.

        Raises:
            ArtifactError: it does not load with this release.
        """
        ...

    def suspected(self, content: bytes) -> list[str]:
        """Return which ordinary behaviour the model would hold or refuse.

        Raises:
            ArtifactError: it does not load with this release.
        """
        ...

    def shipped(self) -> bytes | None:
        """Return the artifact that comes with this release, if there is one."""
        ...
