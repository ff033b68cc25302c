"""What the sandbox rail does with an order, asked for in the order's ``reference``: see docs/guides/sandbox-rail.md."""

from datetime import timedelta
from typing import Final

import msgspec

from waqiti.foundation.errors import Problem

PREFIX: Final = "sandbox:"
MAX_DELAY_SECONDS: Final = 3_600
_POINTER: Final = "/reference"
_KNOWN: Final = "delay=SECONDS, duplicate, fail, lose-answer, return, return=SECONDS"


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """``returns_after`` counts from the settlement; None: never."""

    settles_after: timedelta = timedelta(0)
    returns_after: timedelta | None = None
    fails: bool = False
    loses_answer: bool = False
    duplicates: bool = False


def behaviour_of(reference: str | None) -> Behaviour:
    """Read the directives of a reference: ``sandbox:delay=5,duplicate``. Any other reference asks for nothing.

    Raises:
        Problem: 422 ``invalid_request`` where a directive is unknown or its number is not 0 to 3600.
    """
    behaviour = Behaviour()
    if reference is None or not reference.startswith(PREFIX):
        return behaviour
    for directive in reference.removeprefix(PREFIX).split(","):
        behaviour = _with(behaviour, directive.strip())
    if behaviour.fails and behaviour.returns_after is not None:
        raise Problem.invalid("What fails cannot be returned.", pointer=_POINTER)
    return behaviour


def _with(behaviour: Behaviour, directive: str) -> Behaviour:
    name, equals, number = directive.partition("=")
    match name, bool(equals):
        case "delay", True:
            return msgspec.structs.replace(behaviour, settles_after=_seconds(number))
        case "return", True:
            return msgspec.structs.replace(behaviour, returns_after=_seconds(number))
        case "return", False:
            return msgspec.structs.replace(behaviour, returns_after=timedelta(0))
        case "fail", False:
            return msgspec.structs.replace(behaviour, fails=True)
        case "lose-answer", False:
            return msgspec.structs.replace(behaviour, loses_answer=True)
        case "duplicate", False:
            return msgspec.structs.replace(behaviour, duplicates=True)
    raise Problem.invalid(f"The sandbox rail knows {_KNOWN}; not {directive[:32]!r}.", pointer=_POINTER)


def _seconds(number: str) -> timedelta:
    if not (number.isascii() and number.isdigit() and len(number) <= len(str(MAX_DELAY_SECONDS))):
        raise Problem.invalid("Seconds are a whole number, 0 to 3600.", pointer=_POINTER)
    seconds = int(number)
    if seconds > MAX_DELAY_SECONDS:
        raise Problem.invalid("Seconds are a whole number, 0 to 3600.", pointer=_POINTER)
    return timedelta(seconds=seconds)
