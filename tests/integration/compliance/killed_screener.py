"""Screens and resolves in processes of their own, and kills each at a later suspension than the one before.

Reads ``Orders`` from standard input; writes one line a batch, ``killed`` or ``done``.
"""

import asyncio
import os
import signal
import sys

import msgspec
import uvloop

from tests.integration.wallet.killed_driver import Counted, counted_task
from waqiti.contracts.compliance import Resolution, ScreenRequest
from waqiti.foundation.database import Database
from waqiti.services.compliance.service import shipped_list
from waqiti.services.compliance.usecases.limits import LimitsInUse
from waqiti.services.compliance.usecases.names import Screening
from waqiti.services.compliance.usecases.resolve import Resolver
from waqiti.services.compliance.usecases.screen import Screener


class Orders(msgspec.Struct, frozen=True):
    """Batches to screen, the n-th by a process that dies at its n-th suspension."""

    database_url: str
    batches: list[list[ScreenRequest]]


async def screen(orders: Orders, batch: list[ScreenRequest], limit: int) -> None:
    database = await Database.open(orders.database_url, name="compliance", min_idle=0)
    screener = Screener(database, Screening(shipped_list()), LimitsInUse())
    Counted.limit = limit
    asyncio.get_running_loop().set_task_factory(counted_task)
    await asyncio.create_task(screen_and_release(screener, Resolver(database), batch))
    asyncio.get_running_loop().set_task_factory(None)
    await database.close()


async def screen_and_release(screener: Screener, resolver: Resolver, batch: list[ScreenRequest]) -> None:
    """Screen a batch, confirm half of its first item and release the second."""
    await screener.screen(batch)
    first, second = batch[:2]
    await resolver.resolve([Resolution(first.id, "confirm", first.amount // 2), Resolution(second.id, "release", 0)])


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    for limit, batch in enumerate(orders.batches, start=1):
        child = os.fork()
        if child == 0:
            uvloop.run(screen(orders, batch, limit))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or status == 0, f"batch {limit} ended with {status}"
        sys.stdout.write("killed\n" if killed else "done\n")
        sys.stdout.flush()
        if not killed:
            return


if __name__ == "__main__":
    main()
