"""Says what is wrong with a value in words of JSON, where the decoder speaks of the types of its own language."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import inspect

_NOUNS: Final = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date such as 2026-01-31",
    "datetime": "a time such as 2026-01-31T12:00:00Z",
    "float": "a number",
    "int": "an integer",
    "null": "null",
    "object": "a JSON object",
    "str": "a string",
    "uuid": "a UUID",
}
_COUNTED: Final = {"array": "item", "object": "field", "str": "character"}
_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}

Step = str | int | None
"""One step into a body: the name of a field, the index of an item, or None for some key that is not named."""

Values = Sequence[inspect.Type]
"""What may stand at one place: one type, or the members of a union."""


def in_words(finding: str, expected: object = None, path: Sequence[Step] = ()) -> str:
    """Translate what msgspec found at ``path`` of a value of type ``expected``; nothing that was sent is repeated."""
    for pattern, words in _FINDINGS:
        match = pattern.fullmatch(finding)
        if match is not None:
            return words(match, _at(expected, path))
    return "is not what is expected here"


def _at(expected: object, path: Sequence[Step]) -> Values:
    if expected is None:
        return ()
    values = list(_members(inspect.type_info(expected)))
    for step in path:
        values = [member for value in values for below in _below(value, step) for member in _members(below)]
    return values


def _members(value: inspect.Type) -> Iterator[inspect.Type]:
    inner = _bare(value)
    if isinstance(inner, inspect.UnionType):
        for member in inner.types:
            yield from _members(member)
    else:
        yield value


def _below(value: inspect.Type, step: Step) -> Iterator[inspect.Type]:
    match _bare(value):
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields if field.encode_name == step)
        case inspect.ListType(item_type=item):
            yield item
        case inspect.DictType(value_type=item):
            yield item


def _bare(value: inspect.Type) -> inspect.Type:
    return _bare(value.type) if isinstance(value, inspect.Metadata) else value


def _kind(match: re.Match[str], _values: Values) -> str:
    nouns = [_NOUNS.get(kind, kind) for kind in match[1].split(" | ")]
    return "must be " + " or ".join(nouns)


def _length(match: re.Match[str], _values: Values) -> str:
    noun = _COUNTED.get(match[1], "item") + ("" if match[3] == "1" else "s")
    return f"must have {_BOUNDS[match[2]]} {match[3]} {noun}"


def _bound(match: re.Match[str], _values: Values) -> str:
    return f"must be {_BOUNDS[match[1]]} {match[2]}"


def _choice(_match: re.Match[str], values: Values) -> str:
    choices: list[str] = []
    for value in map(_bare, values):
        if isinstance(value, inspect.LiteralType):
            choices += map(str, value.values)
        elif isinstance(value, inspect.EnumType):
            choices += [str(member.value) for member in value.cls]
    if not choices:
        return "must be one of the values that are listed for it"
    return f"must be one of: {', '.join(choices)}" if len(choices) > 1 else f"must be {choices[0]}"


def _form(match: re.Match[str], values: Values) -> str:
    extras = [value.extra_json_schema or {} for value in values if isinstance(value, inspect.Metadata)]
    examples = [example for extra in extras for example in extra.get("examples", ())]
    return f"must look like {examples[0]}" if examples else f"must look like the regular expression {match[1]}"


def _always(words: str) -> Callable[[re.Match[str], Values], str]:
    return lambda _match, _values: words


_FINDINGS: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str], Values], str]]]] = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"Object missing required field `.*`", _always("is missing")),
        (r"Object contains unknown field `.*`", _always("is not known here")),
        (r"Expected `([^`]+)`, got `[^`]+`", _kind),
        (r"Expected `([^`]+)` of length (>=|<=) (\d+)", _length),
        (r"Expected `(?:int|float)` (>=|<=|>|<) (-?[\d.]+)", _bound),
        (r"Expected `str` matching regex '(.*)'", _form),
        (r"Expected `datetime` with .*", _always("must say its offset from UTC, as 2026-01-31T12:00:00Z does")),
        (r"Invalid enum value .*", _choice),
        (r"Invalid RFC3339 encoded date", _always(f"must be {_NOUNS['date']}")),
        (r"Invalid RFC3339 encoded datetime", _always(f"must be {_NOUNS['datetime']}")),
        (r"Invalid UUID", _always("must be a UUID")),
        (r".*out of range", _always("is out of range")),
    )
]
