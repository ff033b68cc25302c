"""``waqiti cluster top``: what replicas use, against what they may."""

import asyncio
from collections.abc import Iterator
from typing import Final

import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.status import what_is_instead
from waqiti.operations.cluster.backend.diagnostics import LocalDiagnostics
from waqiti.operations.cluster.diagnostics import Usage
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import MEMORY_FINDING_PERCENT

_MEBIBYTE: Final = 1024**2
_LINE: Final = "{:<26}{:>8}{:>10}{:>10}{:>6}"


class Top(msgspec.Struct, frozen=True):
    """What ``cluster top --json`` prints: cores over the last second, memory in bytes."""

    replicas: tuple[Usage, ...]


def top(*names: str, json: Json = False) -> int:
    """Show what every replica uses of processor and memory, over a second, and what it may.

    Parameters
    ----------
    names
        Deployments; otherwise all of them.
    """
    layout = Layout.of(None)
    found = asyncio.run(LocalDiagnostics(layout).top(names))
    if json:
        print_document(Top(found))
    elif not found and not names:
        console().print(what_is_instead(layout), markup=False)
    else:
        for text, style in top_lines(found):
            console().print(text, style=style, markup=False)
    return 0


def top_lines(found: tuple[Usage, ...]) -> Iterator[tuple[str, str]]:
    """Set a row for each replica, with its style, and the sum below where there are several."""
    yield _LINE.format("replica", "cores", "MB", "limit MB", "%"), "bold"
    for one in found:
        percent = one.memory_bytes * 100 // one.memory_limit_bytes
        style = "bold yellow" if percent >= MEMORY_FINDING_PERCENT else ""
        yield _row(one.replica, one.cpu_cores, one.memory_bytes, one.memory_limit_bytes), style
    if len(found) > 1:
        cores = sum(one.cpu_cores for one in found)
        memory, limit = sum(one.memory_bytes for one in found), sum(one.memory_limit_bytes for one in found)
        yield _row("all", cores, memory, limit), "bold"


def _row(name: str, cores: float, memory_bytes: int, limit_bytes: int) -> str:
    percent = memory_bytes * 100 // limit_bytes
    return _LINE.format(
        name, f"{cores:.2f}", f"{memory_bytes // _MEBIBYTE:,}", f"{limit_bytes // _MEBIBYTE:,}", percent
    )
