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
    """Tries artifacts, in processes of their own: a damaged one may end whatever loads it."""

    def library(self) -> str:
        """Return under what artifacts are tried; under another library they are tried again."""
        ...

    async def inspect(self, content: bytes) -> Inspected:
        """Try an artifact and read what it says of itself.

        Raises:
            ArtifactError: it does not load with this release.
            OSError: no process can be started.
        """
        ...

    async def suspected(self, content: bytes) -> list[str]:
        """Try an artifact and return which ordinary behaviour the model would hold or refuse.

        Raises:
            ArtifactError: it does not load with this release.
            OSError: no process can be started.
        """
        ...

    def shipped(self) -> bytes | None:
        """Return the artifact that comes with this release, if there is one."""
        ...
