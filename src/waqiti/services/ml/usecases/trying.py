"""Trying artifacts, one at a time, however many ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from waqiti.foundation.errors import Problem
from waqiti.services.ml.usecases.artifacts import Inspected, Workshop

_UPLOADS: Final = 2
_RETRY_SECONDS: Final = 2


class Trying:
    """The trials of one process; each is a child that takes a core while it runs."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._turn = asyncio.Lock()
        self._uploads = 0

    @property
    def library(self) -> str:
        """Under what artifacts are tried here."""
        return self._workshop.library()

    async def uploaded(self, content: bytes) -> Inspected:
        """Try what is sent in.

        Raises:
            ArtifactError: it does not load with this release.
            Problem: 503 ``overloaded``, others are being tried.
        """
        if self._uploads >= _UPLOADS:
            raise _overloaded("Other artifacts are being tried.")
        self._uploads += 1
        try:
            return await self.inspected(content)
        finally:
            self._uploads -= 1

    async def inspected(self, content: bytes) -> Inspected:
        """Try an artifact and read what it says of itself.

        Raises:
            ArtifactError: it does not load with this release.
            Problem: 503 ``overloaded``, no process can be started.
        """
        async with self._alone():
            return await self._workshop.inspect(content)

    async def suspected(self, content: bytes) -> list[str]:
        """Try an artifact and return which ordinary behaviour it would hold or refuse.

        Raises:
            ArtifactError: it does not load with this release.
            Problem: 503 ``overloaded``, no process can be started.
        """
        async with self._alone():
            return await self._workshop.suspected(content)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._turn:
            try:
                yield
            except OSError as error:
                raise _overloaded(f"No process can be started for the trial: {error.strerror}.") from error


def _overloaded(detail: str) -> Problem:
    return Problem.unavailable("overloaded", detail, retry_after_seconds=_RETRY_SECONDS)
