"""The request as a framework handler sees it."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from litestar import Request as FrameworkRequest
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from waqiti.foundation.http import parameters, query
from waqiti.foundation.http.edge import INCOMING
from waqiti.foundation.http.exchange import Incoming, require_service
from waqiti.foundation.http.problems import invalid_body, unreadable_body
from waqiti.foundation.security import Principal

if TYPE_CHECKING:
    from waqiti.foundation.idempotency import RequestKey

_BODY: Final = "data"


class Request(FrameworkRequest[Any, Any, State]):
    """Handlers take ``request: Request`` where they need to know who calls or under which key."""

    @property
    def incoming(self) -> Incoming:
        """The request as the edge checked it."""
        return _incoming(self)

    @property
    def principal(self) -> Principal:
        """Who calls."""
        return self.incoming.principal

    @property
    def request_key(self) -> "RequestKey":
        """The idempotency key; raises 400 or 422 where it is missing or odd."""
        return self.incoming.request_key()

    async def json(self) -> Any:
        """Decode the body strictly as the handler's ``data``; a text is never taken for a number."""
        declared = self.route_handler.parsed_fn_signature.parameters.get(_BODY)
        expected = declared.annotation if declared is not None else Any
        try:
            return _decoder(expected).decode(self.incoming.body)
        except msgspec.ValidationError as error:
            raise invalid_body(error, expected) from error
        except msgspec.DecodeError as error:
            raise unreadable_body(self.incoming.body, error) from error


# Guards are coroutines: the framework runs plain functions in a thread.


def requires_scope(scope: str) -> Guard:
    """Guard a handler: 403 ``forbidden`` unless the caller's key has ``scope``."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        _incoming(connection).principal.require(scope)

    return guard


async def check_request(request: FrameworkRequest[Any, Any, Any]) -> None:
    """Refuse a POST under ``/v1`` that has no idempotency key (400, or 422), and a query that is not the route's."""
    # Not a guard: the framework copies the whole handler for each guard that it calls.
    incoming = _incoming(request)
    if incoming.needs_idempotency_key:
        incoming.idempotency_key()
    if incoming.query_string:
        query.check(incoming.query_string, _known(request.route_handler))


def requires_service(*services: str) -> Guard:
    """Guard an internal handler: 403 ``forbidden`` unless one of these deployments calls."""
    allowed = frozenset(services)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        require_service(_incoming(connection).principal, allowed)

    return guard


def _incoming(connection: ASGIConnection[Any, Any, Any, Any]) -> Incoming:
    # The framework's scope is a TypedDict, which names no key of ours.
    incoming: Incoming = cast("dict[str, Any]", connection.scope)[INCOMING]
    return incoming


_known = lru_cache(maxsize=512)(parameters.known_to)


@lru_cache(maxsize=512)
def _decoder(body: object) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body)
