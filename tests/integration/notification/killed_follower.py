"""Follows results in processes of their own, and kills each at a later suspension than the one before."""

import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import NOTIFICATION
from waqiti.contracts.payment import PAYMENT_RESULTS
from waqiti.foundation.database import Database
from waqiti.foundation.events import Consumer
from waqiti.services.notification.usecases.following import Following

MOST_SUSPENSIONS = 40


class Orders(msgspec.Struct, frozen=True):
    """Where to keep events, and where to read results; the n-th process dies at its n-th suspension."""

    database_url: str
    log_url: str


async def follow(orders: Orders, limit: int) -> None:
    """Keep a batch of at most 4."""
    database = await Database.open(orders.database_url, name=NOTIFICATION, min_idle=0)
    log = await Database.open(orders.log_url, name="log", min_idle=0)
    async with Consumer(log=log, database=database, group=NOTIFICATION, topic=PAYMENT_RESULTS) as consumer:
        batch = await consumer.next(4)
        await until_suspension(limit, Following(database, lambda: None).follow(consumer, batch))
    await log.close()
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(follow, orders) for _ in range(MOST_SUSPENSIONS))


if __name__ == "__main__":
    main()
