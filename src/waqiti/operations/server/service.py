"""operations as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from waqiti.contracts.catalog import OPERATIONS
from waqiti.contracts.modes import MODES
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.settings import Settings, SettingsError
from waqiti.operations.history.keeping import HistoryKeeper
from waqiti.operations.server.routes import reading_routes
from waqiti.operations.server.watching import InitWatch
from waqiti.operations.state.layout import Layout


class OperationsSettings(Settings, frozen=True, kw_only=True):
    """Operations has no settings of its own."""


@asynccontextmanager
async def build(context: Context[OperationsSettings]) -> AsyncIterator[Application]:
    """Build the service: it works on the files of the state directory that it was started for."""
    if not context.settings.state:
        raise SettingsError("operations needs the state directory of its platform (WAQITI_STATE)")
    layout = Layout(Path(context.settings.state))
    history = HistoryKeeper(layout)
    context.health.add("history", history.check, critical=False)
    yield Application(
        asgi=context.http(reading_routes(layout), rules=MODES),
        api_tasks=[
            BackgroundTask("keep the history", history.run),
            BackgroundTask("watch over init", InitWatch(layout).run),
        ],
    )


SERVICE = Service(name=OPERATIONS, settings=OperationsSettings, build=build)
