"""Hearing of changes: a NOTIFY within the change's transaction wakes whoever waits in any replica."""

import asyncio

from waqiti.foundation.database import Database
from waqiti.foundation.events.hints import Listener
from waqiti.services.ml.store.champions import TOPIC


class Changes:
    """Wakes waiters at each change; once too often where one may have been missed."""

    def __init__(self, draining: asyncio.Event) -> None:
        self._draining = draining
        self._changed = asyncio.Event()

    def listen(self, database: Database) -> None:
        """Hear of changes from now on."""
        Listener.of(database).subscribe(TOPIC, self._wake)

    async def stop(self, database: Database) -> None:
        """Hear of none any more."""
        await Listener.of(database).unsubscribe(TOPIC, self._wake)

    def next(self) -> asyncio.Event:
        """Return what is set at the next change; take it before reading what may have changed."""
        return self._changed

    async def wait(self, changed: asyncio.Event, seconds: float) -> bool:
        """Wait for a change, at most ``seconds``, and not while this process drains; tell whether there was one."""
        if self._draining.is_set():
            return False
        waiting = [asyncio.create_task(event.wait()) for event in (changed, self._draining)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return changed.is_set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
