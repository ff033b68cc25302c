"""api-gateway as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

import waqiti
from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import EMERGENCY_MODE, MAINTENANCE_MODE
from waqiti.foundation.runtime import Application, Context, Service
from waqiti.foundation.settings import Settings
from waqiti.services.gateway.api.routes import edge_routes
from waqiti.services.gateway.domain.rates import RateLimit
from waqiti.services.gateway.domain.routes import OWNERS
from waqiti.services.gateway.usecases.document import DocumentDesk
from waqiti.services.gateway.usecases.forwarding import Forwarder
from waqiti.services.gateway.usecases.health import HealthDesk
from waqiti.services.gateway.usecases.status import StatusDesk

_BEHIND = [row.name for row in DEPLOYMENTS if row.name != GATEWAY]
_PUBLIC = sorted(set(OWNERS.values()))


class GatewaySettings(Settings, frozen=True, kw_only=True):
    """``rate_per_second`` and ``rate_burst`` bound what one key may ask; the default is above what two cores serve."""

    rate_per_second: Annotated[float, Meta(gt=0)] = 5_000
    rate_burst: Annotated[int, Meta(ge=1)] = 10_000
    emergency_mode: Annotated[bool, Meta(extra={"variable": EMERGENCY_MODE})] = False
    maintenance_mode: Annotated[bool, Meta(extra={"variable": MAINTENANCE_MODE})] = False


@asynccontextmanager
async def build(context: Context[GatewaySettings]) -> AsyncIterator[Application]:
    """Build the edge: a client of every deployment behind it, and its routes."""
    clients = {name: context.client(name) for name in _BEHIND}
    settings = context.settings
    rates = RateLimit(settings.rate_per_second, settings.rate_burst)
    health = HealthDesk({name: context.client(name, "health") for name in _BEHIND})
    routes = edge_routes(
        Forwarder(clients, rates, context.draining),
        health,
        StatusDesk(health, context.health.modes),
        DocumentDesk({name: clients[name] for name in _PUBLIC}, waqiti.__version__),
    )
    public_port = urlsplit(settings.base_url).port
    asgi = context.http([], raw=routes, access_log=True, serve_document=False, public_port=public_port, rules=MODES)
    yield Application(asgi=asgi)


SERVICE = Service(name=GATEWAY, settings=GatewaySettings, build=build)
