"""What runs beside the pipeline, on the one member of the group that owns partition 0: retries, reviews, clocks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.events import Consumer
from waqiti.foundation.pausing import rest_until_beat
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.usecases import metrics
from waqiti.services.payment.usecases.rescoring import Rescoring
from waqiti.services.payment.usecases.retrying import Retrying
from waqiti.services.payment.usecases.sweeping import Sweeping

FIRST_PAUSE_SECONDS: Final = 0.25
LAST_PAUSE_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 1.0
_LOST_EVERY: Final = 5

_log = logger(__name__)


class Sweeper:
    """Two loops; each waits longer while there is nothing to do."""

    def __init__(self, consumer: Consumer, retrying: Retrying, rescoring: Rescoring, sweeping: Sweeping) -> None:
        self._consumer = consumer
        self._retrying = retrying
        self._rescoring = rescoring
        self._sweeping = sweeping
        self._ticks = 0

    async def retry(self, stop: asyncio.Event) -> None:
        """Ask again about payments that wait for a service, until ``stop``."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            got_on = await self._retry_once() if self._is_ours() else False
            pause = FIRST_PAUSE_SECONDS if got_on else min(pause * 2, LAST_PAUSE_SECONDS)
            await rest_until_beat(stop, pause)

    async def sweep(self, stop: asyncio.Event) -> None:
        """Do what time brings about, until ``stop``."""
        while not stop.is_set():
            if self._is_ours():
                await self._sweep_once()
            await rest_until_beat(stop, SWEEP_SECONDS)

    def _is_ours(self) -> bool:
        return 0 in self._consumer.partitions

    async def _retry_once(self) -> bool:
        parked = await _attempt("parked", lambda: self._retrying.retry(utc_now()))
        poison = await _attempt("poison", lambda: self._retrying.retry_poison(utc_now()))
        scored = await _attempt("reviews", self._rescoring.rescore)
        return parked or poison or scored

    async def _sweep_once(self) -> None:
        self._ticks += 1
        now = utc_now()
        await _attempt("halves", lambda: self._sweeping.finish_halves(now))
        await _attempt("clocks", lambda: self._sweeping.run_clocks_out(now))
        await _attempt("late", lambda: self._sweeping.count_late(now))
        if self._ticks % _LOST_EVERY == 0:
            await _attempt("lost", lambda: self._sweeping.requeue_lost(now))


async def _attempt(sweep: str, work: Callable[[], Awaitable[object]]) -> bool:
    """Do one sweep and tell whether it got on; that it fails, or finds the database away, does not stop the next."""
    try:
        return bool(await work())
    except DependencyUnavailable as problem:
        _log.warning("sweep_put_off", sweep=sweep, detail=problem.detail)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other sweeps must go on
        metrics.count_sweep_failed(sweep)
        _log.error("sweep_failed", sweep=sweep, kind=type(error).__name__, exc_info=error)
    return False
