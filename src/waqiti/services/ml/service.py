"""ml-service as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from waqiti.contracts.catalog import ML
from waqiti.contracts.ml import MAX_ARTIFACT_BYTES
from waqiti.contracts.modes import MODES
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.settings import Settings
from waqiti.foundation.telemetry import logger
from waqiti.services.ml.api.changing import changing_routes
from waqiti.services.ml.api.internal import internal_routes
from waqiti.services.ml.api.reading import VERSIONS_PATH, reading_routes
from waqiti.services.ml.api.recording import recording_routes
from waqiti.services.ml.usecases.artifacts import Workshop
from waqiti.services.ml.usecases.changes import Changes
from waqiti.services.ml.usecases.changing import Changing
from waqiti.services.ml.usecases.pushing import Pushing
from waqiti.services.ml.usecases.registry import Registry
from waqiti.services.ml.usecases.scoring_workshop import ScoringWorkshop
from waqiti.services.ml.usecases.shipped import Shipped
from waqiti.services.ml.usecases.trying import Trying

# Base64 is four thirds of the bytes.
_MAX_BODY_BYTES: Final = MAX_ARTIFACT_BYTES * 4 // 3 + 64 * 1024

_log: Final = logger(__name__)


class MlSettings(Settings, frozen=True, kw_only=True):
    """ml-service has no settings of its own."""


def service(workshop: Workshop) -> Service[MlSettings]:
    """Return the service as it reads artifacts by ``workshop``."""

    @asynccontextmanager
    async def build(context: Context[MlSettings]) -> AsyncIterator[Application]:
        """Build the service: its database, the registry, and the model that ships in it."""
        database = await context.database(ML)
        trying = Trying(workshop)
        registry, changes = Registry(database, workshop, trying), Changes(context.draining)
        changes.listen(database)
        context.closing.push_async_callback(changes.stop, database)
        pushing = Pushing(database, changes)
        shipped = Shipped(registry)
        context.health.add("shipped-model", shipped.check, critical=False)
        try:
            await shipped.register()
        except DependencyUnavailable as error:
            _log.warning("shipped_model_not_registered", detail=error.detail)
        yield Application(
            asgi=context.http(
                [
                    *reading_routes(registry),
                    *recording_routes(registry),
                    *changing_routes(Changing(database, trying, pushing)),
                ],
                raw=internal_routes(pushing, registry),
                body_limits={VERSIONS_PATH: _MAX_BODY_BYTES},
                rules=MODES,
            ),
            api_tasks=[BackgroundTask("register the shipped model", shipped.run)],
        )

    return Service(name=ML, settings=MlSettings, build=build)


SERVICE: Final = service(ScoringWorkshop())
