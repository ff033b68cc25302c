"""Drives movements in processes of their own and kills each at a later suspension than the one before.

Reads ``Orders`` from standard input; writes one line a movement, ``killed`` or ``done``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Generator
from typing import Any
from uuid import UUID

import msgspec
import uvloop

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.fraud import FraudClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id
from waqiti.services.wallet import store
from waqiti.services.wallet.usecases.deposits import DepositSteps
from waqiti.services.wallet.usecases.driving import Driver
from waqiti.services.wallet.usecases.outside import Others
from waqiti.services.wallet.usecases.sandbox_rail import SandboxRail
from waqiti.services.wallet.usecases.withdrawals import WithdrawalSteps


class Orders(msgspec.Struct, frozen=True):
    """Movements to drive, the n-th until its n-th suspension, and where everything is."""

    database_url: str
    urls: dict[str, str]
    authorization: str
    movements: list[UUID]


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


async def drive(orders: Orders, movement_id: UUID, limit: int) -> None:
    database = await Database.open(orders.database_url, name="wallets")
    clients = {
        name: ServiceClient(name, url, authorization=orders.authorization.encode) for name, url in orders.urls.items()
    }
    ledger, compliance, fraud = LedgerClient(clients[LEDGER]), ComplianceClient(clients[COMPLIANCE]), clients[FRAUD]
    others = Others(ledger, compliance, FraudClient(fraud), {"sandbox": SandboxRail(database)})
    driver = Driver(database, {**DepositSteps(others).table(), **WithdrawalSteps(others).table()})
    async with database.transaction() as connection:
        movement = await store.movements.claim_one(connection, movement_id, new_id())
    assert movement is not None
    Counted.limit = limit
    asyncio.get_running_loop().set_task_factory(counted_task)
    await asyncio.create_task(driver.drive(movement))
    asyncio.get_running_loop().set_task_factory(None)
    for client in clients.values():
        await client.close()
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    for limit, movement_id in enumerate(orders.movements, start=1):
        child = os.fork()
        if child == 0:
            uvloop.run(drive(orders, movement_id, limit))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or status == 0, f"the driver of {movement_id} ended with {status}"
        sys.stdout.write("killed\n" if killed else "done\n")
        sys.stdout.flush()
        if not killed:
            return


if __name__ == "__main__":
    main()
