"""Cut off: a service that nobody but operators' diagnostics reaches, that calls nobody and works on nothing."""

import asyncio

from waqiti.foundation.settings import Settings


class Isolation:
    """Follows the switch; ``on`` and ``off`` are events, one of which is set at any time."""

    def __init__(self) -> None:
        self.on = asyncio.Event()
        self.off = asyncio.Event()
        self.off.set()

    def apply(self, settings: Settings) -> None:
        """Follow the switch."""
        now, before = (self.on, self.off) if settings.isolation_mode else (self.off, self.on)
        before.clear()
        now.set()

    def is_on(self) -> bool:
        """Say whether the service is cut off."""
        return self.on.is_set()
