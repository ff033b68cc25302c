"""Registering the model that ships, at each start, however many replicas do."""

import asyncio
from contextlib import suppress
from typing import Final

from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.services.ml.usecases.registry import Registry

_RETRY_SECONDS: Final = 1.0


class Shipped:
    """Until it is registered this process is not ready."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._done = False

    async def register(self) -> None:
        """Register it, unless this process has.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        if not self._done:
            await self._registry.register_shipped()
            self._done = True

    async def run(self, stop: asyncio.Event) -> None:
        """Try until it is registered, and then wait to be stopped."""
        while not stop.is_set():
            with suppress(DependencyUnavailable):
                await self.register()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._done else _RETRY_SECONDS):
                    await stop.wait()

    async def check(self) -> None:
        """Return once it is registered.

        Raises:
            Problem: it is not yet.
        """
        if not self._done:
            raise Problem.unavailable("dependency_unavailable", "The model that ships is not registered yet.")
