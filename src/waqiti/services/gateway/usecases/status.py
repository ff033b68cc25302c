"""The status of the platform as the public sees it, kept for two seconds: however many ask, services are asked once."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from waqiti.contracts.modes import ISOLATED
from waqiti.contracts.public.status import PlatformStatus
from waqiti.services.gateway.domain.status import ASKED, Seen, platform_status
from waqiti.services.gateway.usecases.health import DeploymentHealth, HealthDesk

KEPT_SECONDS: Final = 2.0


class StatusDesk:
    """``own_modes`` returns the codes of the modes that the edge itself is in."""

    def __init__(self, health: HealthDesk, own_modes: Callable[[], list[str]]) -> None:
        self._health = health
        self._own_modes = own_modes
        self._seen: dict[str, Seen] = {}
        self._fresh_until = 0.0
        self._lock = asyncio.Lock()

    async def status(self) -> PlatformStatus:
        """Return it, as of two seconds ago at most; the modes of the edge as of now."""
        async with self._lock:
            if time.monotonic() >= self._fresh_until:
                found = await asyncio.gather(*(self._health.one(name) for name in ASKED))
                self._seen = {name: _seen(health) for name, health in zip(ASKED, found, strict=True)}
                self._fresh_until = time.monotonic() + KEPT_SECONDS
        return platform_status(self._seen, self._own_modes())


def _seen(health: DeploymentHealth) -> Seen:
    # One that drains is being replaced: another one works.
    return Seen(health.status != "DOWN" and ISOLATED not in health.modes, tuple(health.modes))
