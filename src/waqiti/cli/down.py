"""``waqiti down``: stop everything; the data stays, unless it is to go."""

import time
from typing import Annotated

import msgspec
from cyclopts import Parameter

from waqiti.cli.options import Json, State
from waqiti.cli.output import print_document, say
from waqiti.operations.cluster.state_directory import commanding
from waqiti.operations.cluster.state_directory import wipe as wipe_state
from waqiti.operations.cluster.stopping import stop_cluster
from waqiti.operations.state.layout import Layout


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What ``down --json`` prints."""

    state: str
    stopped: bool
    wiped: bool
    seconds: float


def down(*, wipe: Annotated[bool, Parameter(negative="")] = False, state: State = None, json: Json = False) -> int:
    """Stop the platform: requests in flight are answered, and the data stays.

    Parameters
    ----------
    wipe
        Remove the data and everything else in the state directory too.
    """
    layout = Layout.of(state)
    began = time.monotonic()
    found = layout.cluster.is_dir()
    stopped = stop_cluster(layout) if found else False
    if wipe and found:
        with commanding(layout):
            stopped = stop_cluster(layout) or stopped
            wipe_state(layout)
    done = Stopped(
        state=str(layout.root), stopped=stopped, wiped=wipe and found, seconds=round(time.monotonic() - began, 3)
    )
    if json:
        print_document(done)
    else:
        say(_sentence(done))
    return 0


def _sentence(done: Stopped) -> str:
    what = f"Stopped in {done.seconds:.1f} s" if done.stopped else f"Nothing was running in {done.state}"
    return f"{what}; its data is gone" if done.wiped else what
