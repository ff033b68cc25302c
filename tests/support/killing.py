"""Work in processes of its own, each killed (SIGKILL) at a later suspension than the one before.

The child, a module with ``main``, reads its orders from standard input and calls ``fork_each``; it writes one line a
piece of work, ``killed`` or ``done``, and ends after the first that came through.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable
from types import ModuleType
from typing import Any

import msgspec
import uvloop

Work = Callable[[int], Coroutine[Any, Any, None]]
"""Does something until the n-th suspension, by way of ``until_suspension``."""


class Counted(Coroutine[Any, Any, Any]):
    """A coroutine whose suspensions count; this process dies at the ``limit``-th."""

    seen = 0
    limit = 0

    def __init__(self, inner: Coroutine[Any, Any, Any]) -> None:
        self._inner = inner

    def send(self, value: Any) -> Any:
        suspended = self._inner.send(value)
        Counted.seen += 1
        if Counted.seen == Counted.limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return suspended

    def throw(self, *raised: Any) -> Any:
        return self._inner.throw(*raised)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._inner.__await__()


def counted_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> "asyncio.Task[Any]":
    return asyncio.Task(Counted(work), loop=loop, **options)


async def until_suspension(limit: int, work: Coroutine[Any, Any, object]) -> None:
    """Do ``work``, and die at the ``limit``-th suspension of it and of the tasks that it starts."""
    Counted.limit = limit
    loop = asyncio.get_running_loop()
    loop.set_task_factory(counted_task)
    await asyncio.create_task(work)
    loop.set_task_factory(None)


def fork_each(works: Iterable[Work]) -> None:
    """Do the n-th piece of work until its n-th suspension, until one comes through."""
    for limit, work in enumerate(works, start=1):
        child = os.fork()
        if child == 0:
            uvloop.run(work(limit))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or status == 0, f"work {limit} ended with {status}"
        sys.stdout.write("killed\n" if killed else "done\n")
        sys.stdout.flush()
        if not killed:
            return


async def kill_at_every_suspension(child: ModuleType, orders: msgspec.Struct) -> int:
    """Run a child with its orders; return how many pieces of work were killed before one came through."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", child.__name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(msgspec.json.encode(orders))
    *killed, last = [line for line in output.decode().splitlines() if line in ("killed", "done")]
    assert (set(killed), last, process.returncode) == ({"killed"}, "done", 0), output
    return len(killed)
