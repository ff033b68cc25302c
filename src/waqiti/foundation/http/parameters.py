"""What the framework's handlers take from a query."""

from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from waqiti.foundation.http.query import Known


def known_to(handler: BaseRouteHandler) -> Known:
    """Return what a handler's query may hold."""
    fields = {name: field for field in handler.parsed_fn_signature.parameters.values() if (name := _query_name(field))}
    return Known(frozenset(fields), frozenset(name for name, field in fields.items() if field.annotation is int))


def queried(handler: BaseRouteHandler) -> dict[str, tuple[str, object]]:
    """Return, by the handler's own names, what a client calls each query parameter and the type that it takes."""
    found = handler.parsed_fn_signature.parameters.items()
    return {own: (name, field.annotation) for own, field in found if (name := _query_name(field))}


def parameter_name(field: FieldDefinition, definition: ParameterKwarg) -> str:
    """Return the name that a client gives a parameter."""
    return definition.query or definition.name or field.name


def _query_name(field: FieldDefinition) -> str | None:
    definition = field.kwarg_definition
    if not isinstance(definition, ParameterKwarg) or definition.param_type != "query":
        return None
    return parameter_name(field, definition)
