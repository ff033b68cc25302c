"""The figures of reviews and of false positives, measured over a window that ends now."""

from datetime import datetime, timedelta
from typing import Final

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.telemetry import figure
from waqiti.services.fraud.domain.dossiers import KINDS
from waqiti.services.fraud.domain.minutes import finished, minute_of
from waqiti.services.fraud.domain.rates import Counts
from waqiti.services.fraud.store import figures as store
from waqiti.services.fraud.store import reviews

MAX_MINUTES: Final = 20
"""How many minutes one transaction folds at most."""
_KEPT_BEYOND: Final = timedelta(days=1)

_rate: Final = figure("fraud_false_positive_rate", "Share of the legitimate movements of the window that were flagged.")
_low: Final = figure("fraud_false_positive_rate_low", "Lower bound of its 95 % interval.")
_high: Final = figure("fraud_false_positive_rate_high", "Upper bound of its 95 % interval.")
_flagged: Final = figure("fraud_flagged_legitimate", "Movements of the window that were flagged and are legitimate.")
_presumed: Final = figure(
    "fraud_presumed_legitimate", "Movements of the window that the score approved, fraud left out."
)
_open: Final = figure("fraud_reviews_open", "Reviews that wait for a person.", ["kind"])
_oldest: Final = figure("fraud_reviews_oldest_seconds", "How long the oldest open review has waited.", ["kind"])


class Figures:
    """Measures; what it cannot measure is absent."""

    def __init__(self, database: Database, window: timedelta) -> None:
        self._database = database
        self._window = window

    async def measure(self, now: datetime) -> Counts:
        """Measure, and show what was measured.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        since = minute_of(now - self._window)
        while await self._fold(since, now):
            pass
        async with self._database.connection() as connection:
            counts = await store.counts(connection, since, await store.unfolded_since(connection, since))
            await _show_backlog(connection)
        _show(counts)
        return counts

    async def _fold(self, since: datetime, now: datetime) -> bool:
        """Count minutes that have ended, and some again; tell whether more of the former are left.

        Where somebody else does so at the moment, it is left to them.
        """
        async with self._database.transaction() as connection:
            if not await store.may_fold(connection):
                return False
            start = await store.unfolded_since(connection, since)
            minutes = [] if start is None else finished(start, now, MAX_MINUTES)
            again = await store.due_again(connection, now, MAX_MINUTES)
            await store.fold(connection, [*minutes, *again], now)
            await store.forget(connection, since - _KEPT_BEYOND)
        return len(minutes) == MAX_MINUTES


def show_nothing() -> None:
    """Show that nothing is known."""
    for shown in (_rate, _low, _high, _flagged, _presumed):
        shown.set(None)
    for kind in KINDS:
        _open.set(None, kind)
        _oldest.set(None, kind)


def _show(counts: Counts) -> None:
    rate = counts.rate()
    _rate.set(None if rate is None else rate.share)
    _low.set(None if rate is None else rate.low)
    _high.set(None if rate is None else rate.high)
    _flagged.set(counts.flagged)
    _presumed.set(counts.presumed)


async def _show_backlog(connection: Connection) -> None:
    for backlog in await reviews.backlog(connection, KINDS):
        _open.set(backlog.count, backlog.kind)
        _oldest.set(backlog.oldest_seconds, backlog.kind)
