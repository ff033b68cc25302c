"""The OpenAPI 3.1 document of a service, generated from its routes and the Structs that they read and answer with."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute
from litestar.types.empty import Empty
from litestar.typing import FieldDefinition

from waqiti.foundation.errors import ProblemDocument
from waqiti.foundation.http.examples import example_of
from waqiti.foundation.http.exchange import Incoming, Operation, Outgoing, RawRoute
from waqiti.foundation.http.parameters import parameter_name

Schema: TypeAlias = dict[str, Any]

ALSO_TEXT: Final = "also_text"
"""Names, in a handler's ``opt``, the media type of the text that it may answer with instead of JSON."""

_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_LATER: Final = {"$ref": "#/components/responses/Later"}
_HIDDEN: Final = ("/internal", "/actuator", "/cache", "/openapi.json")
_TYPED: Final = re.compile(r"\{(\w+):\w+\}")
_NAME: Final = re.compile(r"\{(\w+)\}")
_TITLES: Final = {200: "Done.", 201: "Created.", 202: "Accepted; not finished yet.", 204: "Done; nothing to say."}
_EVERYWHERE: Final = (401, 403, 422, 429, 503)
_WITH_BODY: Final = (400, 409, 413, 415)
_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "format": "format",
}
_KEY_PARAMETER: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A name of your own for this request: sent again, it has no second effect; the next needs another.",
    "example": "order-1042",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
}
_PREFER_PARAMETER: Final[Schema] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "wait=N: how many seconds to wait for the end of it (RFC 7240).",
    "schema": {"type": "string", "examples": ["wait=5"]},
}
_REPLAYED: Final[Schema] = {
    "Idempotent-Replayed": {
        "description": "There where the request was answered before under its key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_RETRY_AFTER: Final[Schema] = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
}


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    operation_id: str
    summary: str
    parameters: tuple[FieldDefinition, ...] = ()
    body: object | None = None
    replies: dict[int, object]
    also_text: str | None = None
    waits: bool = False


class ApiDocument:
    """Made once, when first asked for."""

    def __init__(self, service: str, version: str, framework: Litestar, raw: Sequence[RawRoute]) -> None:
        self._service = service
        self._version = version
        self._calls = (*_framework_calls(framework), *_raw_calls(raw))
        self._encoded: bytes | None = None

    def route(self) -> RawRoute:
        """Return the open route that serves the document."""
        return RawRoute(method="GET", path="/openapi.json", handler=self._answer, open=True)

    def document(self) -> Schema:
        """Return the document."""
        types: list[object] = [ProblemDocument]
        for call in self._calls:
            types += [type_ for type_ in (call.body, *call.replies.values()) if type_ is not None]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
        by_type = {id(type_): schema for type_, schema in zip(types, schemas, strict=True)}
        paths: Schema = {}
        for call in self._calls:
            paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, by_type, components)
        return {
            "openapi": "3.1.0",
            "info": {"title": self._service, "version": self._version},
            "paths": paths,
            "components": {
                "schemas": components,
                "responses": {
                    "Problem": _problem_response(by_type[id(ProblemDocument)]),
                    "Later": _problem_response(by_type[id(ProblemDocument)]) | {"headers": _RETRY_AFTER},
                },
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }

    async def _answer(self, _incoming: Incoming) -> Outgoing:
        if self._encoded is None:
            self._encoded = msgspec.json.encode(self.document())
        return Outgoing(200, self._encoded)


def _framework_calls(framework: Litestar) -> Iterator[_Call]:
    for route in framework.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(_HIDDEN):
            continue
        for handler in route.route_handlers:
            if handler.include_in_schema is not False:
                yield from _handler_calls(route.path_format, handler)


def _handler_calls(path: str, handler: HTTPRouteHandler) -> Iterator[_Call]:
    signature = handler.parsed_fn_signature
    parameters = signature.parameters
    data = parameters.get("data")
    replies = {int(handler.status_code): _reply(signature.return_type)}
    for status, spec in (handler.responses or {}).items():
        replies[status] = spec.data_container
    named = tuple(field for field in parameters.values() if isinstance(field.kwarg_definition, ParameterKwarg))
    for method in sorted(handler.http_methods):
        yield _Call(
            method=method,
            path=_TYPED.sub(r"{\1}", path),
            operation_id=handler.operation_id if isinstance(handler.operation_id, str) else handler.fn.__name__,
            summary=handler.summary or _first_line(handler.fn.__doc__) or handler.fn.__name__.replace("_", " "),
            parameters=named,
            body=data.raw if data is not None else None,
            replies=replies,
            also_text=handler.opt.get(ALSO_TEXT),
        )


def _raw_calls(raw: Sequence[RawRoute]) -> Iterator[_Call]:
    for route in raw:
        operation = route.operation
        if operation is None or route.path.startswith(_HIDDEN):
            continue
        yield _Call(
            method=route.method,
            path=route.template or route.path,
            operation_id=_operation_id(route, operation),
            summary=operation.summary,
            body=operation.body,
            replies=operation.replies,
            waits=operation.waits,
        )


def _operation_id(route: RawRoute, operation: Operation) -> str:
    words = re.findall(r"\w+", route.template or route.path)
    return operation.operation_id or "_".join([route.method.lower(), *words])


def _operation(call: _Call, schemas: dict[int, Schema], components: Schema) -> Schema:
    takes_key = call.method == "POST" and call.path.startswith("/v1/")
    parameters = [_parameter(field) for field in call.parameters] + _unnamed_path_parameters(call)
    parameters += [_KEY_PARAMETER] * takes_key + [_PREFER_PARAMETER] * call.waits
    described: Schema = {
        "operationId": call.operation_id,
        "summary": call.summary,
        "security": [{"bearer": []}],
        "parameters": parameters,
        "responses": _responses(call, schemas, takes_key=takes_key),
    }
    if call.body is not None:
        body = schemas[id(call.body)]
        content = {"schema": body, "example": example_of(body, components)}
        described["requestBody"] = {"required": True, "content": {_JSON: content}}
    return described


def _responses(call: _Call, schemas: dict[int, Schema], *, takes_key: bool) -> Schema:
    statuses = [*_EVERYWHERE, 404] if "{" in call.path or call.body is not None else [*_EVERYWHERE]
    if takes_key:
        statuses += _WITH_BODY
    responses: Schema = {str(status): _LATER if status in (429, 503) else _PROBLEM for status in sorted(statuses)}
    for status, reply in call.replies.items():
        responses[str(status)] = {"description": _TITLES.get(status, "Answer.")}
        if takes_key:
            responses[str(status)]["headers"] = _REPLAYED
        if reply is not None:
            responses[str(status)]["content"] = {_JSON: {"schema": schemas[id(reply)]}}
            if call.also_text is not None:
                responses[str(status)]["content"][call.also_text] = {"schema": {"type": "string"}}
    return responses


def _problem_response(schema: Schema) -> Schema:
    return {
        "description": "A problem document (RFC 9457).",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _parameter(field: FieldDefinition) -> Schema:
    definition = field.kwarg_definition
    assert isinstance(definition, ParameterKwarg)
    place = str(definition.param_type.value)
    described: Schema = {
        "name": parameter_name(field, definition),
        "in": place,
        "required": place == "path" or not (field.has_default or field.is_optional),
        "schema": _parameter_schema(field, definition),
    }
    if definition.description:
        described["description"] = definition.description
    return described


def _parameter_schema(field: FieldDefinition, definition: ParameterKwarg) -> Schema:
    schema = msgspec.json.schema(field.raw)
    options = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        schema |= options[0]
    elif options:
        schema["anyOf"] = options
    if field.has_default and field.default not in (None, Empty):
        schema["default"] = msgspec.to_builtins(field.default)
    bounds = {name: getattr(definition, name, None) for name in _BOUNDS}
    return schema | {_BOUNDS[name]: bound for name, bound in bounds.items() if bound is not None}


def _unnamed_path_parameters(call: _Call) -> list[Schema]:
    named = {field.name for field in call.parameters}
    text = {"type": "string"}
    return [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in _NAME.findall(call.path)
        if name not in named
    ]


def _reply(returned: FieldDefinition) -> object | None:
    inner: object = returned.annotation
    if returned.is_subclass_of(Response):
        inner = returned.inner_types[0].raw if returned.inner_types else None
    return None if inner in (None, type(None), bytes, Any) else inner


def _first_line(docstring: str | None) -> str | None:
    return docstring.strip().splitlines()[0] if docstring else None
