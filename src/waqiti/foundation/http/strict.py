"""Strict JSON: what a body must be before anything looks at it.

Refused: malformed text, a body that is no object, duplicate keys, U+0000 and lone surrogates in any string, nesting
over 32, numbers that no double or integer holds. RFC 8259 leaves these to the receiver; two parsers that disagree
about them are a way around every check.
"""

import json
import math
from typing import Final, NoReturn, TypeAlias

from waqiti.foundation.errors import Problem

MAX_NESTING: Final = 32
_MAX_POINTER_PART: Final = 64

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]


class _DuplicateKeyError(ValueError):
    pass


def parse(body: bytes) -> JsonObject:
    """Read ``body``.

    Raises:
        Problem: 422 ``invalid_request``, with a pointer where the place is known.
    """
    try:
        text = body.decode()
        parsed: Json = _decode(text)
    except UnicodeDecodeError as error:
        raise Problem.invalid(f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    except _DuplicateKeyError as error:
        raise Problem.invalid(f"The key {error.args[0]!r} stands twice in one object.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Problem.invalid(f"The body is not valid JSON: {str(error)[:200]}.") from error
    if not isinstance(parsed, dict):
        raise Problem.invalid("The body must be a JSON object.", pointer="")
    if body.count(b"{") + body.count(b"[") > MAX_NESTING:
        _check_nesting(parsed)
    if "\\u" in text:
        _check_text(parsed)
    return parsed


def _object(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError(_first_doubled(pairs)[:64])
    return found


def _first_doubled(pairs: list[tuple[str, Json]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("no name is doubled")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


_decode: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant).decode


def _check_nesting(parsed: JsonObject) -> None:
    level: list[Json] = [parsed]
    for _ in range(MAX_NESTING):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_text(value: Json, way: tuple[str | int, ...] = ()) -> None:
    """Look at every text; ``way`` leads to ``value``, and is written out only for the text that is refused."""
    if isinstance(value, str):
        _refuse_odd(value, way)
    elif isinstance(value, dict):
        for key, child in value.items():
            _refuse_odd(key, way)
            _check_text(child, (*way, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, str | dict | list):
                _check_text(child, (*way, index))


def _refuse_odd(text: str, way: tuple[str | int, ...]) -> None:
    if "\x00" in text:
        raise Problem.invalid("Text must not hold U+0000.", pointer=_pointer(way))
    if not text.isascii() and not _is_unicode(text):
        raise Problem.invalid("Text must not hold a lone surrogate.", pointer=_pointer(way))


def _pointer(way: tuple[str | int, ...]) -> str:
    return "".join(f"/{escape(str(part)[:_MAX_POINTER_PART])}" for part in way)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escape(key: str) -> str:
    """Write ``key`` as a part of a JSON Pointer (RFC 6901); what cannot be sent is replaced."""
    return key.replace("~", "~0").replace("/", "~1").encode(errors="replace").decode()


def _too_deep() -> Problem:
    return Problem.invalid(f"The body is nested more than {MAX_NESTING} levels deep.")
