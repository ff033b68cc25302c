"""Turns whatever went wrong into a problem document (RFC 9457)."""

import re
from http import HTTPStatus
from typing import Final

import msgspec

from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.http.exchange import Outgoing
from waqiti.foundation.http.strict import escape
from waqiti.foundation.telemetry import logger

PROBLEM_TYPE: Final = b"application/problem+json"
_CHALLENGE: Final = (b"www-authenticate", b"Bearer")
_PLACE: Final = re.compile(r" - at `(?:key in )?\$(.*)`\Z")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_FIELD: Final = re.compile(r"(?:unknown|required) field `(.*)`\Z", re.DOTALL)

_encode = msgspec.json.Encoder().encode
_log = logger(__name__)


def answer(problem: Problem, request_id: str | None) -> Outgoing:
    """Return the answer that tells the client of ``problem``."""
    headers: list[tuple[bytes, bytes]] = []
    if problem.retry_after_seconds is not None:
        headers.append((b"retry-after", str(problem.retry_after_seconds).encode()))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.append(_CHALLENGE)
    return Outgoing(problem.status, _encode(problem.document(request_id)), tuple(headers), PROBLEM_TYPE)


def unexpected(error: BaseException) -> Problem:
    """Log an error that nobody foresaw, with its trace, and return a 500 that says nothing of it."""
    _log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
    return Problem(500, "internal_error", "Something went wrong here; it was logged under the request id.")


def invalid_body(error: msgspec.ValidationError) -> Problem:
    """Turn msgspec's finding into a 422 with the pointer of the field that is wrong."""
    text = str(error)
    place = _PLACE.search(text)
    detail = text[: place.start()] if place else text
    pointer = _pointer(place[1]) if place else ""
    field = _FIELD.search(detail)
    if field:
        pointer += "/" + escape(field[1])
    detail = detail.replace("Object", "The object", 1) if detail.startswith("Object") else detail
    return Problem.invalid("A field is missing, unknown or wrong.", errors=[FieldError(pointer, detail)])


def _pointer(path: str) -> str:
    """Write msgspec's ``.a[0].b`` as ``/a/0/b``; it stops where msgspec does not name the key."""
    parts: list[str] = []
    for step in _STEP.finditer(path):
        name, index = step.groups()
        if name is None and index is None:
            break
        parts.append(escape(name) if name is not None else index)
    return "".join(f"/{part}" for part in parts)
