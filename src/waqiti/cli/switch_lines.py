"""The table of ``waqiti switch list``, on 80 columns: what does not fit a row stands beneath it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from waqiti.cli.output import Line, printable, wrapped
from waqiti.operations.switches.listing import SwitchRow
from waqiti.operations.switches.values import value_text

_GAP: Final = "  "
_INDENT: Final = 4
_WIDTHS: Final = (23, 8, 11, 20)
"""Of the switch, its value, where that is from, and its deployments; replicas have what is left."""


def switch_lines(rows: Sequence[SwitchRow]) -> Iterator[Line]:
    """Set a row for all deployments of a switch that are alike, and beneath it who set it, why and until when."""
    yield Line(_set(("switch", "value", "from", "deployments", "replicas")), "bold")
    groups: dict[tuple[object, ...], list[SwitchRow]] = {}
    for row in rows:
        groups.setdefault(_alike(row), []).append(row)
    for group in groups.values():
        yield from _group(group, sum(row.name == group[0].name for row in rows))


def _group(group: list[SwitchRow], have: int) -> Iterator[Line]:
    one = group[0]
    yield Line(
        _set((one.name, printable(value_text(one.value)), one.source, _deployments(group, have), _replicas(group)))
    )
    if 1 < len(group) < have:
        yield from _beneath(f"in {', '.join(row.service for row in group)}")
    if one.owner is not None:
        until = "" if one.expires_at is None else f", until {one.expires_at:%Y-%m-%d %H:%M:%S}Z"
        yield from _beneath(f"by {one.owner}{until}: {one.reason}")
    if late := [name for row in group for name in row.unreached]:
        yield from _beneath(f"not followed by {', '.join(late)}")


def _beneath(text: str) -> Iterator[Line]:
    return (Line(line, "dim") for line in wrapped(text, _INDENT))


def _set(cells: Sequence[str]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return _GAP.join([*padded, cells[-1]]).rstrip()


def _alike(row: SwitchRow) -> tuple[object, ...]:
    return (row.name, msgspec.json.encode(row.value), row.source, row.owner, row.reason, row.expires_at)


def _deployments(group: list[SwitchRow], have: int) -> str:
    if len(group) == 1:
        return group[0].service
    return f"all {have}" if len(group) == have else f"{len(group)} of {have}"


def _replicas(group: list[SwitchRow]) -> str:
    reached, late = sum(len(row.replicas) for row in group), sum(len(row.unreached) for row in group)
    return f"{reached} of {reached + late}" if reached + late else "-"
