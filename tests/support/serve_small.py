"""Run the small service as a process of its own: ``python -m tests.support.serve_small ROLE``.

Its worker, and each request for ``/v1/work``, append lines to the file WORK_FILE as they begin and are done.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import cast

from tests.support.small_service import Waiting, things
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.runtime import BackgroundTask, Context, Role, run
from waqiti.foundation.settings import Settings

_BATCH_SECONDS = 0.3


async def _who(_incoming: Incoming) -> Outgoing:
    return Outgoing(200, b'{"number":%d}' % os.getpid())


async def _slow(_incoming: Incoming) -> Outgoing:
    await asyncio.sleep(0.5)
    return Outgoing(200, b'{"number":%d}' % os.getpid())


async def _work(stop: asyncio.Event) -> None:
    while not stop.is_set():
        await _batch()


async def _work_asked_for(_incoming: Incoming) -> Outgoing:
    await _batch()
    return Outgoing(200, b"{}")


async def _batch() -> None:
    path = Path(os.environ["WORK_FILE"])
    _append(path, "begun\n")
    await asyncio.sleep(_BATCH_SECONDS)
    _append(path, "done\n")


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)


def main(role: Role) -> None:
    """Serve until told to stop."""
    waiting = Waiting()

    def on_build(context: Context[Settings]) -> None:
        waiting.draining = context.draining

    raw = [
        RawRoute(method="POST", path="/v1/wait", handler=waiting.handle),
        RawRoute(method="POST", path="/v1/who", handler=_who),
        RawRoute(method="POST", path="/v1/slow", handler=_slow),
        RawRoute(method="POST", path="/v1/work", handler=_work_asked_for),
    ]
    run([things(raw=raw, workers=[BackgroundTask("work", _work)], on_build=on_build)], role)


if __name__ == "__main__":
    main(cast("Role", sys.argv[1]))
