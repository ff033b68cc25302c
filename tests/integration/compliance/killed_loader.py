"""Loads a list in processes of its own, and kills each at a later suspension than the one before."""

import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.foundation.database import Database
from waqiti.services.compliance.domain.lists import SourceList
from waqiti.services.compliance.usecases.lists import load


class Orders(msgspec.Struct, frozen=True):
    """The list, and how often it is loaded at most."""

    database_url: str
    new: SourceList
    times: int


async def load_once(orders: Orders, limit: int) -> None:
    database = await Database.open(orders.database_url, name="compliance", min_idle=0)
    await until_suspension(limit, load(database, orders.new, lambda _done, _of: None))
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(load_once, orders) for _ in range(orders.times))


if __name__ == "__main__":
    main()
