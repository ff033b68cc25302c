"""Watching over init, which nothing else watches: a killed one is followed by another within about a second."""

import asyncio
from dataclasses import dataclass
from typing import Final

from waqiti.foundation.pausing import rest
from waqiti.foundation.telemetry import logger
from waqiti.operations.cluster.healing import heal_init
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout

_EVERY_SECONDS: Final = 1.0

_log: Final = logger(__name__)


@dataclass(frozen=True)
class InitWatch:
    """The watch over the init of one state directory; several may watch at once."""

    layout: Layout

    async def run(self, stop: asyncio.Event) -> None:
        """Heal until ``stop`` is set; what cannot be healed is tried again."""
        while not stop.is_set():
            try:
                if heal_init(self.layout):
                    _log.warning("init_started", state=str(self.layout.root))
            except (ClusterError, OSError) as error:
                _log.error("init_not_started", why=str(error))
            await rest(stop, _EVERY_SECONDS)
