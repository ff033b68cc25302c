"""The routes that other deployments call, in batches."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import PAYMENT, WALLET
from waqiti.contracts.compliance import (
    ComplianceDecisions,
    CustomerFactsList,
    CustomerIds,
    Resolutions,
    Resolved,
    ScreenRequests,
)
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.foundation.http.exchange import Handler
from waqiti.services.compliance.usecases.customers import Customers
from waqiti.services.compliance.usecases.resolve import Resolver
from waqiti.services.compliance.usecases.screen import Screener

_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_CALLERS: Final = frozenset({PAYMENT, WALLET})
_SCREEN: Final = msgspec.json.Decoder(ScreenRequests)
_CUSTOMERS: Final = msgspec.json.Decoder(CustomerIds)
_RESOLUTIONS: Final = msgspec.json.Decoder(Resolutions)

_encode: Final = msgspec.json.Encoder().encode


def internal_routes(screener: Screener, customers: Customers, resolver: Resolver) -> list[RawRoute]:
    """Return the routes; a reservation may be resolved by whoever may make one."""

    async def screen(incoming: Incoming) -> Outgoing:
        requests = decode_body(_SCREEN, incoming.body)
        return Outgoing(200, _encode(ComplianceDecisions(await screener.screen(requests.items))))

    async def screen_again(incoming: Incoming) -> Outgoing:
        requests = decode_body(_SCREEN, incoming.body)
        return Outgoing(200, _encode(ComplianceDecisions(await screener.screen_again(requests.items))))

    async def facts(incoming: Incoming) -> Outgoing:
        wanted = decode_body(_CUSTOMERS, incoming.body)
        return Outgoing(200, _encode(CustomerFactsList(await customers.facts(wanted.ids))))

    async def resolve(incoming: Incoming) -> Outgoing:
        resolutions = decode_body(_RESOLUTIONS, incoming.body)
        return Outgoing(200, _encode(Resolved(await resolver.resolve(resolutions.items))))

    return [
        _route("/internal/screen", screen),
        _route("/internal/screen/again", screen_again),
        _route("/internal/customers/facts", facts),
        _route("/internal/reservations/resolve", resolve),
    ]


def _route(path: str, handler: Handler) -> RawRoute:
    return RawRoute(
        method="POST",
        path=path,
        handler=handler,
        strict_json=False,
        services=_CALLERS,
        max_body_bytes=_MAX_BODY_BYTES,
    )
