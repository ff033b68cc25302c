"""HTTP: the edge that every service stands behind, and the client that services call each other with."""

from waqiti.foundation.http.exchange import Incoming, Operation, Outgoing, RawRoute
from waqiti.foundation.http.pages import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Position,
    read_cursor,
    write_cursor,
)
from waqiti.foundation.http.prefer import wait_seconds
from waqiti.foundation.http.request import Request, requires_scope, requires_service
from waqiti.foundation.http.server import decode_body, http_application, json_answer

__all__ = [
    "DEFAULT_LIMIT",
    "CursorParameter",
    "Incoming",
    "LimitParameter",
    "Operation",
    "Outgoing",
    "Position",
    "RawRoute",
    "Request",
    "decode_body",
    "http_application",
    "json_answer",
    "read_cursor",
    "requires_scope",
    "requires_service",
    "wait_seconds",
    "write_cursor",
]
