"""What operators read: what changed, and what was measured."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts.catalog import DEPLOYMENTS
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.http import instant, requires_scope
from waqiti.operations.changes.listing import Changes, changes_since
from waqiti.operations.errors import ClusterError
from waqiti.operations.history import reading
from waqiti.operations.history.names import NoSelector
from waqiti.operations.history.reading import HistoryUnreadable, NoData, Series
from waqiti.operations.history.writing import KEPT_DAYS
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.wanted import period_of

MOST_POINTS: Final = 20_000

_SINCE: Final = "A time, or how long ago such as 30m or 2h."
_DEFAULT_SINCE: Final = "1h"
_DEFAULT_HISTORY: Final = "5m"
_EVERY: Final = timedelta(seconds=2)
_operators: Final = [requires_scope("operator")]

SinceParameter = Annotated[str, QueryParameter(description=_SINCE)]
ServiceParameter = Annotated[str | None, QueryParameter(description="The deployment; all of them without it.")]


def reading_routes(layout: Layout) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""

    @get("/changes", operation_id="list_changes", guards=_operators)
    async def changes(since: SinceParameter = _DEFAULT_SINCE, service: ServiceParameter = None) -> Changes:
        """List who changed what, newest first; what could not be read is named."""
        _check_known(service)
        return await changes_since(layout, _since(since), service)

    @get("/history", operation_id="read_history", guards=_operators)
    async def history(
        service: Annotated[str, QueryParameter(description="The deployment.")],
        metric: Annotated[
            str, QueryParameter(description='Such as payment_total, or http_requests_total{status="5xx"}.')
        ],
        since: SinceParameter = _DEFAULT_HISTORY,
        until: Annotated[str | None, QueryParameter(description="A time; now without it.")] = None,
        step: Annotated[str | None, QueryParameter(description="A point for each of so long, such as 1m.")] = None,
    ) -> Series | NoData:
        """Read a metric of a deployment by replica: increases of a counter, a gauge as it stood, or no_data."""
        _check_known(service)
        begin, end = _since(since), utc_now() if until is None else instant(until, "until")
        length = None if step is None else _period(step, "step")
        _check_size(begin, end, length)
        try:
            return await asyncio.to_thread(reading.series, layout, service, metric, begin, end, length)
        except NoSelector as error:
            raise Problem.invalid(f"{error}.", pointer="?metric") from error
        except HistoryUnreadable as error:
            raise DependencyUnavailable("history", str(error)) from error

    return [changes, history]


def _since(text: str) -> datetime:
    """Read a time, or the period that lies between it and now."""
    if text[:1].isdigit() and text[-1:] in "smhd":
        return utc_now() - _period(text, "since")
    return instant(text, "since")


def _period(text: str, name: str) -> timedelta:
    try:
        return period_of(text, f"?{name}", longest=KEPT_DAYS)
    except ClusterError as error:
        raise Problem.invalid(f"{error}.", pointer=f"?{name}") from error


def _check_known(service: str | None) -> None:
    if service is not None and service not in {row.name for row in DEPLOYMENTS}:
        raise Problem.not_found(f"No deployment is called {service[:64]!r}.")


def _check_size(since: datetime, until: datetime, step: timedelta | None) -> None:
    if until <= since:
        raise Problem.invalid("The period must end after it begins.", pointer="?until")
    if (until - since) / (step or _EVERY) > MOST_POINTS:
        raise Problem.invalid("The period has too many points: give a longer step.", pointer="?step")
