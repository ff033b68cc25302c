"""Query strings, as strict as bodies: names that a route knows, each once, in proper percent-encoding."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

import msgspec

from waqiti.foundation.errors import Problem

_STRAY_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER: Final = re.compile(r"-?\d+", re.ASCII)
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Known(msgspec.Struct, frozen=True):
    """The query parameters of a route, and which of them are integers."""

    names: frozenset[str] = frozenset()
    integers: frozenset[str] = frozenset()


NO_QUERY: Final = Known()


def check(query: bytes, known: Known) -> None:
    """Refuse what the framework would let pass, or read as something else.

    Raises:
        Problem: 422 ``invalid_request`` naming the parameter.
    """
    seen: set[str] = set()
    for part in query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            seen.add(_checked(_decoded(name), value, known, seen))


def instant(text: str, name: str) -> datetime:
    """Read an RFC 3339 time as UTC.

    Raises:
        Problem: 422 ``invalid_request`` naming the query parameter.
    """
    try:
        return msgspec.convert(text, _Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Problem.invalid("This is no RFC 3339 time with its offset.", pointer=f"?{name}") from error


def _checked(name: str, value: bytes, known: Known, seen: Collection[str]) -> str:
    pointer = f"?{name[:64]}"
    if name not in known.names:
        raise Problem.invalid("There is no such query parameter here.", pointer=pointer)
    if name in seen:
        raise Problem.invalid("A query parameter stands here once.", pointer=pointer)
    text = _decoded(value, pointer)
    if name in known.integers and _INTEGER.fullmatch(text) is None:
        raise Problem.invalid("This is no whole number.", pointer=pointer)
    return name


def _decoded(text: bytes, pointer: str | None = None) -> str:
    if _STRAY_PERCENT.search(text):
        raise Problem.invalid("The query holds a % that encodes nothing.", pointer=pointer)
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise Problem.invalid("The query is not UTF-8.", pointer=pointer) from error
