"""Revisions, on 80 columns: what each deployment runs, and what one of them ran."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from waqiti.cli.output import Line, printable, wrapped
from waqiti.operations.cluster.hiding import assignment
from waqiti.operations.cluster.revisions import DEFAULT_MEMORY_BYTES, Revision
from waqiti.operations.cluster.sizes import size_text
from waqiti.operations.cluster.specification import is_directory
from waqiti.operations.cluster.status import DeploymentStatus

_DIGEST_CHARACTERS: Final = 12
_INDENT: Final = 10
_WIDTHS: Final = (8, 11, 12, 20)


def release_text(release: str) -> str:
    """Shorten the sha256 of a directory; an installed version is as it is."""
    return release[:_DIGEST_CHARACTERS] if is_directory(release) else release


def running_lines(deployments: tuple[DeploymentStatus, ...]) -> Iterator[str]:
    """Say which revision of which release is in force, once for all deployments that have the same."""
    groups: dict[tuple[int, str], list[str]] = {}
    for row in deployments:
        groups.setdefault((row.revision, row.release), []).append(row.name)
    ordered = sorted(groups.items(), key=lambda group: len(group[1]))
    for number, ((revision, release), names) in enumerate(ordered, 1):
        what = f"revision {revision} of {release_text(release)}"
        who = _everybody(len(groups)) if number == len(groups) and len(names) > 1 else ", ".join(names)
        yield from wrapped(f"{what}: {who}", 0)


def _everybody(groups: int) -> str:
    return "every deployment" if groups == 1 else "every other deployment"


def revision_lines(revisions: Iterable[Revision], in_force: int) -> Iterator[Line]:
    """Set a row for each revision, in this order, and beneath it its standing, what was set, and why."""
    yield Line(_set(("revision", "kind", "release", "made", "by")), "bold")
    for one in revisions:
        mark = "*" if one.number == in_force else " "
        made = f"{one.made_at:%Y-%m-%d %H:%M:%S}Z"
        cells = (f"{mark} {one.number}", one.kind, release_text(one.release), made, printable(one.actor))
        yield Line(_set(cells))
        for text in (_standing(one, in_force), _set_for(one), one.reason):
            yield from (Line(line, "dim") for line in wrapped(text, _INDENT) if text)


def _standing(revision: Revision, in_force: int) -> str:
    said = [
        "in force" if revision.number == in_force else "",
        _since("good since", revision.good_at),
        f"given up: {revision.given_up}" if revision.given_up else "",
        _since("left by an undo at", revision.rolled_back_at),
    ]
    return ", ".join(filter(None, said))


def _since(what: str, at: datetime | None) -> str:
    return f"{what} {at:%Y-%m-%d %H:%M:%S}Z" if at else ""


def _set_for(revision: Revision) -> str:
    said = [assignment(name, value) for name, value in sorted(revision.environment.items())]
    if revision.resources.memory_bytes != DEFAULT_MEMORY_BYTES:
        said.append(f"memory limit {size_text(revision.resources.memory_bytes)}")
    return " ".join(said)


def _set(cells: tuple[str, ...]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()
