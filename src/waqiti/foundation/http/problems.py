"""Turns whatever went wrong into a problem document (RFC 9457)."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import msgspec

from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.http.exchange import Outgoing
from waqiti.foundation.http.strict import escape
from waqiti.foundation.http.wording import Step, in_words
from waqiti.foundation.telemetry import logger

PROBLEM_TYPE: Final = b"application/problem+json"
_CHALLENGE: Final = (b"www-authenticate", b"Bearer")
_PLACE: Final = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>.*)`\Z")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_FIELD: Final = re.compile(r"(?:unknown|required) field `(.*)`\Z", re.DOTALL)
_SHOWN_CHARACTERS: Final = 64
"""Of a pointer in a sentence: a field that nobody knows may have any name."""

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


def invalid_body(error: msgspec.ValidationError, expected: object = None) -> Problem:
    """Turn what msgspec found in a body of type ``expected`` into a 422 with the pointer of the field that is wrong."""
    text = str(error)
    place = _PLACE.search(text)
    finding = text[: place.start()] if place else text
    path = _path(place["path"]) if place else []
    pointer = "".join(f"/{escape(str(step))}" for step in _named(path))
    field = _FIELD.search(finding)
    if field:
        pointer += "/" + escape(field[1])
    words = in_words(finding, expected, path)
    if place and place["key"]:
        words = f"has a key that {words}"
    subject = f"The field {pointer[1 : _SHOWN_CHARACTERS + 1]}" if pointer else "The body"
    return Problem.invalid(f"{subject} {words}.", errors=[FieldError(pointer, words)])


def unreadable_body(body: bytes, error: msgspec.DecodeError) -> Problem:
    """Turn a body that is no JSON, or that is not there, into a 422."""
    return missing_body() if not body else Problem.invalid(f"The body is not valid JSON: {error}.")


def missing_body() -> Problem:
    """Return the 422 of a request that says nothing where something has to be said."""
    return Problem.invalid("A JSON body is needed.", pointer="")


def _path(text: str) -> list[Step]:
    """Read msgspec's ``.a[0][...].b``."""
    return [
        name if name is not None else int(index) if index is not None else None
        for name, index in (step.groups() for step in _STEP.finditer(text))
    ]


def _named(path: list[Step]) -> Iterator[str | int]:
    """Return the steps of ``path``; it stops where msgspec does not name the key."""
    for step in path:
        if step is None:
            return
        yield step
