"""``waqiti cluster logs``."""

import asyncio
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json, whole
from waqiti.cli.output import console, print_document
from waqiti.operations.cluster.backend.diagnostics import LocalDiagnostics
from waqiti.operations.cluster.diagnostics import LogLines
from waqiti.operations.state.layout import Layout

_LONGEST_TAIL: Final = 100_000


class DeploymentLogs(msgspec.Struct, frozen=True):
    """What ``cluster logs --json`` prints."""

    name: str
    replicas: tuple[LogLines, ...]


def logs(
    name: str,
    /,
    *,
    replica: str | None = None,
    tail_lines: Annotated[
        int, Parameter(converter=whole, name="--tail", validator=Number(gte=1, lte=_LONGEST_TAIL))
    ] = 100,
    json: Json = False,
) -> int:
    """Print the last lines that a deployment's replicas have logged.

    Parameters
    ----------
    name
        The deployment.
    replica
        Only this replica.
    tail_lines
        How many lines of each replica.
    """
    found = asyncio.run(LocalDiagnostics(Layout.of(None)).logs(name, replica, tail_lines))
    if json:
        print_document(DeploymentLogs(name, found))
        return 0
    for one in found:
        for line in one.lines:
            console().print(line if replica else f"{one.replica}  {line}", markup=False)
    return 0
