"""Sweeps overdue holds in processes of their own, and kills each at a later suspension than the one before."""

import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.database import Database
from waqiti.services.ledger.usecases.sweeping import expire_holds

HOLDS_A_SWEEP = 2


class Orders(msgspec.Struct, frozen=True):
    """How often to sweep, the n-th time by a process that dies at its n-th suspension."""

    database_url: str
    sweeps: int


async def sweep(orders: Orders, limit: int) -> None:
    database = await Database.open(orders.database_url, name=LEDGER, min_idle=0)
    await until_suspension(limit, expire_holds(database, limit=HOLDS_A_SWEEP))
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each([partial(sweep, orders)] * orders.sweeps)


if __name__ == "__main__":
    main()
