"""A switch's value as text: read as a process reads it at its start, and written alike wherever people see it."""

import msgspec

from waqiti.contracts.switches import Switch
from waqiti.foundation.switches.file import Value


def value_in(switch: Switch, text: str) -> Value | None:
    """Return the value that ``text`` is in an environment; None where a process with it would not start."""
    try:
        value: Value = msgspec.convert(text, switch.kind, strict=False)
    except msgspec.ValidationError:
        return None
    return value.upper() if isinstance(value, str) else value


def value_text(value: Value) -> str:
    """Write a value, so that ``value_in`` reads it again: ``true``, ``0.85``, ``DEBUG``."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
