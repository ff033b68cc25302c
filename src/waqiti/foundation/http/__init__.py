"""HTTP: the edge that every service stands behind, and (``.client``) what services call each other with.

The names are loaded on first use: who only calls does not pay for the framework that serves.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from waqiti.foundation.http.admission import Admission, Replays, Rule
    from waqiti.foundation.http.exchange import Incoming, Operation, Outgoing, RawRoute
    from waqiti.foundation.http.openapi import ALSO_TEXT
    from waqiti.foundation.http.pages import (
        DEFAULT_LIMIT,
        CursorParameter,
        LimitParameter,
        Position,
        read_cursor,
        write_cursor,
    )
    from waqiti.foundation.http.prefer import wait_seconds
    from waqiti.foundation.http.query import NO_QUERY, instant
    from waqiti.foundation.http.request import Request, requires_scope, requires_service
    from waqiti.foundation.http.server import decode_body, http_application, json_answer

_HOMES: Final = {
    "admission": ("Admission", "Replays", "Rule"),
    "exchange": ("Incoming", "Operation", "Outgoing", "RawRoute"),
    "openapi": ("ALSO_TEXT",),
    "pages": ("DEFAULT_LIMIT", "CursorParameter", "LimitParameter", "Position", "read_cursor", "write_cursor"),
    "prefer": ("wait_seconds",),
    "query": ("NO_QUERY", "instant"),
    "request": ("Request", "requires_scope", "requires_service"),
    "server": ("decode_body", "http_application", "json_answer"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ALSO_TEXT",
    "DEFAULT_LIMIT",
    "NO_QUERY",
    "Admission",
    "CursorParameter",
    "Incoming",
    "LimitParameter",
    "Operation",
    "Outgoing",
    "Position",
    "RawRoute",
    "Replays",
    "Request",
    "Rule",
    "decode_body",
    "http_application",
    "instant",
    "json_answer",
    "read_cursor",
    "requires_scope",
    "requires_service",
    "wait_seconds",
    "write_cursor",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
