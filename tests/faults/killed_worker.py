"""Runs the worker of payment-service in processes that kill themselves at a suspension.

Reads ``Orders`` and then, a line each, numbers from standard input. For each it forks a worker that dies by SIGKILL at
that suspension (0: never), writes its pid, and when it has ended ``killed`` or ``ended``.
"""

import asyncio
import os
import signal
import sys

import msgspec
import uvloop

from tests.support.killing import Counted, counted_task
from waqiti.foundation.runtime import run
from waqiti.services.payment.service import SERVICE


class Orders(msgspec.Struct, frozen=True):
    """The variables of the process."""

    environment: dict[str, str]


async def work() -> None:
    asyncio.get_running_loop().set_task_factory(counted_task)
    await sys.modules[run.__module__]._run([SERVICE], "worker")


def one_worker(limit: int) -> None:
    child = os.fork()
    if child == 0:
        Counted.limit = limit
        uvloop.run(work())
        os._exit(0)
    say(str(child))
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, f"the worker ended with {status}"
    say("killed" if killed else "ended")


def say(word: str) -> None:
    sys.stdout.write(f"! {word}\n")
    sys.stdout.flush()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    os.environ.update(orders.environment)
    for line in sys.stdin:
        one_worker(int(line))


if __name__ == "__main__":
    main()
