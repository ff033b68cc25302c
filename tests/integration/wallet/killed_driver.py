"""Drives movements in processes of their own and kills each at a later suspension than the one before."""

import sys
from functools import partial
from uuid import UUID

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.fraud import FraudClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.contracts.reviews import ReviewClient, Verdict
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.rails import Rail
from waqiti.services.wallet.usecases.attempts import Attempts
from waqiti.services.wallet.usecases.driving import Driver
from waqiti.services.wallet.usecases.outside import Others
from waqiti.services.wallet.usecases.sandbox_rail import SandboxRail
from waqiti.services.wallet.usecases.steps import steps
from waqiti.services.wallet.usecases.verdicts import Verdicts


class Orders(msgspec.Struct, frozen=True):
    """Movements to drive, or to tell a verdict of, the n-th until its n-th suspension, and where everything is."""

    database_url: str
    urls: dict[str, str]
    authorization: str
    movements: list[UUID]
    verdict: Verdict | None = None


async def drive(orders: Orders, movement_id: UUID, limit: int) -> None:
    database = await Database.open(orders.database_url, name="wallets")
    clients = {
        name: ServiceClient(name, url, authorization=orders.authorization.encode) for name, url in orders.urls.items()
    }
    ledger, compliance, fraud = LedgerClient(clients[LEDGER]), ComplianceClient(clients[COMPLIANCE]), clients[FRAUD]
    rails: dict[str, Rail] = {"sandbox": SandboxRail(database)}
    driver = Driver(database, steps(Others(ledger, compliance, FraudClient(fraud), ReviewClient(fraud), rails)))
    if orders.verdict is not None:
        verdict = msgspec.structs.replace(orders.verdict, subject_id=movement_id)
        await until_suspension(limit, Verdicts(database, Attempts(driver)).take(verdict))
    else:
        async with database.transaction() as connection:
            movement = await store.movements.claim_one(connection, movement_id, new_id())
        assert movement is not None
        await until_suspension(limit, driver.drive(movement))
    for client in clients.values():
        await client.close()
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(drive, orders, movement_id) for movement_id in orders.movements)


if __name__ == "__main__":
    main()
