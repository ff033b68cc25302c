"""The Common Expression Language, behind this one module.

An expression is compiled and typed once; an error while it runs (a division by zero, an overflow) is its value.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cel_expr_python import cel  # type: ignore[import-untyped]

MAX_CHARACTERS: Final = 4_096

_TYPES: Final = {int: cel.Type.INT, bool: cel.Type.BOOL, str: cel.Type.STRING}

Variable = int | bool | str


class ExpressionError(Exception):
    """An expression is too long, malformed, of the wrong type, or names something that there is not."""


class Conditions:
    """Several conditions over the same variables. That none holds, the usual case, is found by one evaluation."""

    def __init__(self, sources: Sequence[str], variables: Mapping[str, type[Variable]]) -> None:
        environment = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in variables.items()})
        self._each = [_compiled(environment, source) for source in sources]
        self._any = _compile(environment, " || ".join(f"({source})" for source in sources))

    def matches(self, values: Mapping[str, Variable]) -> list[bool | None] | None:
        """Tell which conditions hold, None for one that could not be evaluated; None for all where none holds."""
        found = self._any.eval(data=values)
        if found.type() == cel.Type.BOOL and not found.value():
            return None
        return [_outcome(condition, values) for condition in self._each]


def _compiled(environment: cel.Env, source: str) -> cel.Expression:
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"an expression may have {MAX_CHARACTERS} characters")
    expression = _compile(environment, source)
    if expression.return_type() != cel.Type.BOOL:
        raise ExpressionError(f"{source!r} is no condition: it gives {expression.return_type().name()}")
    return expression


def _compile(environment: cel.Env, source: str) -> cel.Expression:
    try:
        return environment.compile(source)
    except RuntimeError as error:
        raise ExpressionError(f"{source!r}: {error}") from error


def _outcome(condition: cel.Expression, values: Mapping[str, Variable]) -> bool | None:
    value = condition.eval(data=values)
    return None if value.type() == cel.Type.ERROR else bool(value.plain_value())
