"""JSON lines on standard output."""

import sys
from typing import Any

import msgspec


def print_lines(*documents: object) -> None:
    """Print each document on a line of its own; fractions are rounded to three digits."""
    for document in documents:
        sys.stdout.write(msgspec.json.encode(_rounded(msgspec.to_builtins(document))).decode() + "\n")
    sys.stdout.flush()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value
