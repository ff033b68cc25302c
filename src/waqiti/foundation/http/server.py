"""Puts a service's routes behind the edge.

A service, whole::

    @get("/v1/things/{thing_id:str}")
    async def read_thing(request: Request, thing_id: FromPath[str]) -> Thing:
        return await things.read(thing_id, request.principal)

    @post("/v1/things", guards=[requires_scope("operator")])
    async def add_thing(request: Request, data: JSONBody[NewThing]) -> Response[Thing]:
        stored = await things.add(request.request_key, data)
        return json_answer(stored.body, stored.status, replayed=stored.replayed)

    async def post_batch(incoming: Incoming) -> Outgoing:            # a hot path, without the framework
        transfers = decode_body(TRANSFERS, incoming.body)
        return Outgoing(200, encode(await ledger.post(transfers)))

    @asynccontextmanager
    async def build(context: Context[ThingSettings]) -> AsyncIterator[Application]:
        database = await Database.open(context.settings.database_url, name="things")
        context.closing.push_async_callback(database.close)      # however it ends
        context.health.add("db", database.ping)
        raw = [RawRoute(method="POST", path="/internal/transfers", handler=post_batch, strict_json=False)]
        yield Application(asgi=context.http([read_thing, add_thing], raw=raw))

    SERVICE = Service(name="thing-service", settings=ThingSettings, build=build)
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Litestar, Response
from litestar import Request as FrameworkRequest
from litestar.exceptions import ClientException, HTTPException, NotFoundException, ValidationException
from litestar.types import ControllerRouterHandler

from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.http import problems
from waqiti.foundation.http.access import AccessLog
from waqiti.foundation.http.admission import Admission
from waqiti.foundation.http.asgi import ASGIApp
from waqiti.foundation.http.edge import MAX_IN_FLIGHT, Edge
from waqiti.foundation.http.exchange import Outgoing
from waqiti.foundation.http.measures import Measures
from waqiti.foundation.http.methods import Methods
from waqiti.foundation.http.openapi import ApiDocument
from waqiti.foundation.http.parameters import queried
from waqiti.foundation.http.raw import RawRoute, RawRoutes
from waqiti.foundation.http.request import Request, check_request
from waqiti.foundation.http.security_audit import SecurityAudit
from waqiti.foundation.http.wording import in_words
from waqiti.foundation.security import Authenticator

_Body = TypeVar("_Body")
_REPLAYED: Final = "Idempotent-Replayed"


def http_application(
    *,
    service: str,
    version: str,
    handlers: Sequence[ControllerRouterHandler],
    authenticate: Authenticator,
    raw: Sequence[RawRoute] = (),
    body_limits: Mapping[str, int] | None = None,
    max_in_flight: int = MAX_IN_FLIGHT,
    access_log: bool = False,
    security_audit: SecurityAudit | None = None,
    serve_document: bool = True,
    public_port: int | None = None,
    admission: Admission | None = None,
) -> ASGIApp:
    """Return the ASGI application of a service.

    ``body_limits`` raises the 1 MiB bound of framework routes by exact path, in bytes. Beyond ``max_in_flight``
    requests at once the answer is 503 ``overloaded``. ``access_log`` writes one line a request; only the edge of the
    platform does. ``security_audit`` writes who was let in and who was not, while its switch is on. ``serve_document``
    offers the generated ``/openapi.json``. On ``public_port`` there are no diagnostics: they are asked for at the
    replica's own port. ``admission`` is what switches refuse.
    """
    raw_routes = RawRoutes(raw)
    refusals = _Refusals()
    framework = Litestar(
        list(handlers),
        request_class=Request,
        before_request=check_request,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        exception_handlers={Exception: refusals},
    )
    refusals.methods = methods = Methods(framework, raw_routes)
    document = ApiDocument(service, version, framework, raw)
    if serve_document:
        raw_routes.add(document.route())
    return Edge(
        cast("ASGIApp", framework),
        raw_routes,
        methods,
        authenticate,
        Measures(),
        admission or Admission(),
        max_in_flight=max_in_flight,
        access_log=AccessLog(service) if access_log else None,
        security_audit=security_audit,
        body_limits=body_limits,
        public_port=public_port,
    )


def json_answer(body: bytes, status: int, *, replayed: bool = False) -> Response[Any]:
    """Return JSON that is already encoded, from 400 on a problem document.

    ``replayed`` marks the answer to a known idempotency key.
    """
    headers = {_REPLAYED: "true"} if replayed else None
    media_type = "application/json" if status < HTTPStatus.BAD_REQUEST else "application/problem+json"
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def decode_body(decoder: msgspec.json.Decoder[_Body], body: bytes) -> _Body:
    """Decode the body of a raw route.

    Raises:
        Problem: 422 ``invalid_request`` with the pointer of what is wrong.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise problems.invalid_body(error, decoder.type) from error
    except msgspec.DecodeError as error:
        raise problems.unreadable_body(body, error) from error


class _Refusals:
    """Answers what the framework raises; raw routes count among the methods of a path."""

    methods: Methods

    def __call__(self, request: FrameworkRequest[Any, Any, Any], error: Exception) -> Response[bytes]:
        assert isinstance(request, Request)
        outgoing = self._outgoing(request, error)
        headers = {name.decode(): value.decode() for name, value in outgoing.headers}
        media_type = outgoing.content_type.decode()
        return Response(outgoing.body, status_code=outgoing.status, media_type=media_type, headers=headers)

    def _outgoing(self, request: Request, error: Exception) -> Outgoing:
        unmatched = isinstance(error, HTTPException) and error.status_code in (404, 405)
        methods = self.methods.of(request.incoming.path) if unmatched else set()
        if not methods:
            return problems.answer(_problem(request, error), request.incoming.request_id)
        problem = Problem(405, "method_not_allowed", "This path does not offer that method.")
        outgoing = problems.answer(problem, request.incoming.request_id)
        return msgspec.structs.replace(outgoing, headers=((b"allow", ", ".join(sorted(methods)).encode()),))


def _problem(request: Request, error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case ValidationException():
            return _invalid_parameters(request, error)
        case NotFoundException():
            return Problem.not_found("There is nothing at this path.")
        case ClientException():
            return Problem.invalid(error.detail)
    return problems.unexpected(error)


def _invalid_parameters(request: Request, error: ValidationException) -> Problem:
    found = [item for item in error.extra or [] if isinstance(item, dict)]
    sources = {item.get("source") for item in found}
    if "path" in sources:
        return Problem.not_found("There is nothing at this path.")
    if "body" in sources:
        return problems.missing_body()
    known = queried(request.route_handler)
    errors = [_parameter_error(item, known) for item in found]
    sentences = [f"The parameter {one.pointer[1:]} {one.detail}." for one in errors]
    return Problem.invalid(" ".join(sentences) or "A parameter is missing or wrong.", errors=errors)


def _parameter_error(item: Mapping[str, object], known: Mapping[str, tuple[str, object]]) -> FieldError:
    own = str(item.get("key", ""))
    name, expected = known.get(own, (own, None))
    return FieldError(f"?{name}", in_words(str(item.get("message", "")), expected))
