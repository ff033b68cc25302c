"""Screens and resolves in processes of their own, and kills each at a later suspension than the one before."""

import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
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
    await until_suspension(limit, screen_and_release(screener, Resolver(database), batch))
    await database.close()


async def screen_and_release(screener: Screener, resolver: Resolver, batch: list[ScreenRequest]) -> None:
    """Screen a batch, confirm half of its first item and release the second."""
    await screener.screen(batch)
    first, second = batch[:2]
    await resolver.resolve([Resolution(first.id, "confirm", first.amount // 2), Resolution(second.id, "release", 0)])


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(screen, orders, batch) for batch in orders.batches)


if __name__ == "__main__":
    main()
