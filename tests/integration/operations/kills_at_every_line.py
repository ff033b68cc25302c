"""Set a switch and die by SIGKILL at the n-th line of the code that does it, n = 1, 2, ... until one lives.

``python -m ... STATE`` writes, for each death, what was found after the next look: one JSON object a line.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

import msgspec

from waqiti.operations import store, switches
from waqiti.operations.state import files, journal
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction
from waqiti.operations.store import switches as rows
from waqiti.operations.switches.changing import SwitchChange, change
from waqiti.operations.switches.present import published
from waqiti.operations.switches.publishing import publish

_WATCHED: Final = (*switches.__path__, *store.__path__, files.__file__, journal.__file__)
"""Where the lines are at which it dies: directories and files."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The state after a death, and after somebody looked: revisions, the value, and whether the audit holds."""

    line: int
    lived: bool
    stored: int
    published: int
    value: float | None
    is_as_stored: bool
    audit_intact: bool

    @classmethod
    def nothing(cls) -> "Found":
        """Return how it is before anything was switched."""
        return cls(line=0, lived=True, stored=0, published=0, value=None, is_as_stored=True, audit_intact=True)


def _put(layout: Layout, value: int) -> None:
    change(
        layout,
        SwitchChange(
            name="DB_POOL_MAX_SIZE", value=value, services=("payment-service",), actor="ana", reason="A test."
        ),
    )


def _dying_at(line: int) -> Any:
    left = line

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(_WATCHED):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def _killed_at(layout: Layout, line: int) -> bool:
    child = os.fork()
    if child == 0:
        sys.settrace(_dying_at(line))
        _put(layout, line)
        sys.settrace(None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _found(layout: Layout, line: int, *, lived: bool) -> Found:
    publish(layout)
    document = published(layout)
    with transaction(layout.operations_store) as connection:
        stored, live = rows.revision(connection), rows.read(connection)
        intact = audit.verify(connection).intact
    return Found(
        line=line,
        lived=lived,
        stored=stored,
        published=document.revision,
        value=next((one.value for one in document.switches if isinstance(one.value, int)), None),
        is_as_stored=document.switches == live,
        audit_intact=intact,
    )


def main(state: Path) -> None:
    layout = Layout(state)
    line, was_killed = 0, True
    while was_killed:
        line += 1
        was_killed = _killed_at(layout, line)
        sys.stdout.write(msgspec.json.encode(_found(layout, line, lived=not was_killed)).decode() + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
