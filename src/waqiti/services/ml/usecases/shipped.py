"""Registering the model that ships, at each start, however many replicas do."""

import asyncio
from contextlib import suppress
from typing import Final

from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.telemetry import logger
from waqiti.services.ml.usecases.artifacts import ArtifactError
from waqiti.services.ml.usecases.registry import Registry

_RETRY_SECONDS: Final = 1.0

_log: Final = logger(__name__)


class Shipped:
    """Registers it as soon as the database answers; the registry serves before that, and without it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._missing: str | None = "The model that ships is not registered yet."
        self._over = False

    async def register(self) -> None:
        """Register it, unless this process has, or has found that it cannot.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        if self._over:
            return
        try:
            await self._registry.register_shipped()
        except ArtifactError as error:
            self._missing = f"The model that ships does not load: {error}."
            _log.error("shipped_model_not_usable", detail=str(error))
        else:
            self._missing = None
        self._over = True

    async def run(self, stop: asyncio.Event) -> None:
        """Try until it is registered, and then wait to be stopped."""
        while not stop.is_set():
            with suppress(DependencyUnavailable):
                await self.register()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._over else _RETRY_SECONDS):
                    await stop.wait()

    async def check(self) -> None:
        """Return once it is registered.

        Raises:
            Problem: it is not, and why.
        """
        if self._missing is not None:
            raise Problem.unavailable("dependency_unavailable", self._missing)
