"""Delivers in processes of their own, and kills each at a later suspension than the one before."""

import asyncio
import sys
from functools import partial
from typing import Final

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import NOTIFICATION
from waqiti.foundation.database import Database
from waqiti.services.notification.domain.vault import Vault
from waqiti.services.notification.usecases.driving import Driver
from waqiti.services.notification.usecases.sending import Sender

MOST_SUSPENSIONS: Final = 150


class Orders(msgspec.Struct, frozen=True):
    """Where deliveries are; the n-th process dies at its n-th suspension."""

    database_url: str
    vault_key: str


async def deliver(orders: Orders, limit: int) -> None:
    database = await Database.open(orders.database_url, name=NOTIFICATION, min_idle=0)
    async with Sender(private_targets=True) as sender:
        driver = Driver(database, sender, Vault(orders.vault_key))
        await until_suspension(limit, _deliver_once(driver))
    await database.close()


async def _deliver_once(driver: Driver) -> None:
    """Claim once, send, and be done: stopped at its first wait, the driver lets end what it has begun."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    await driver.run(stop)


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(deliver, orders) for _ in range(MOST_SUSPENSIONS))


if __name__ == "__main__":
    main()
