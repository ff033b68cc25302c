"""``/health``, ``/health/critical`` and ``/{deployment}/health``: open to whoever asks."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY
from waqiti.foundation.http import Incoming, Operation, Outgoing, RawRoute
from waqiti.services.gateway.usecases.health import DeploymentHealth, HealthDesk, PlatformHealth

_encode = msgspec.json.Encoder().encode
_ALIVE: Final = DeploymentHealth("UP")
_NO_STORE: Final = (b"cache-control", b"no-store")


def health_routes(desk: HealthDesk) -> list[RawRoute]:
    """Return the routes of health at the edge."""

    async def alive(_: Incoming) -> Outgoing:
        return _answer(_ALIVE)

    async def critical(_: Incoming) -> Outgoing:
        return _answer(await desk.critical())

    async def one(incoming: Incoming) -> Outgoing:
        return _answer(await desk.one(incoming.path.split("/")[1]))

    deployments = [row.name for row in DEPLOYMENTS if row.name != GATEWAY]
    return [
        RawRoute(
            method="GET",
            path="/health",
            handler=alive,
            open=True,
            operation=Operation(summary="Whether the edge answers.", replies={200: DeploymentHealth}),
        ),
        RawRoute(
            method="GET",
            path="/health/critical",
            handler=critical,
            open=True,
            operation=Operation(
                summary="Every critical deployment and what it stands on.",
                replies={200: PlatformHealth, 503: PlatformHealth},
            ),
        ),
        RawRoute(method="GET", path=f"/{GATEWAY}/health", handler=alive, open=True),
        *(RawRoute(method="GET", path=f"/{name}/health", handler=one, open=True) for name in deployments),
    ]


def _answer(health: DeploymentHealth | PlatformHealth) -> Outgoing:
    return Outgoing(200 if health.status == "UP" else 503, _encode(health), (_NO_STORE,))
