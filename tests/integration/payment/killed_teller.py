"""Takes verdicts in processes of their own and kills each at a later suspension than the one before."""

import sys
from datetime import timedelta
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.fraud import FraudClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.contracts.reviews import Verdict
from waqiti.foundation.database import Database
from waqiti.foundation.events import EventWriter
from waqiti.foundation.http.client import ServiceClient
from waqiti.services.payment.domain.decisions import Clocks
from waqiti.services.payment.usecases.deciding import Deciding
from waqiti.services.payment.usecases.reviewing import Reviewing
from waqiti.services.payment.usecases.stepping import Stepping
from waqiti.services.payment.usecases.verdicts import Verdicts

_CLOCKS = Clocks(review=timedelta(hours=72), authorization=timedelta(days=7))


class Orders(msgspec.Struct, frozen=True):
    """Verdicts to take, the n-th until its n-th suspension, and where everything is."""

    database_url: str
    urls: dict[str, str]
    authorization: str
    verdicts: list[Verdict]


async def take(orders: Orders, verdict: Verdict, limit: int) -> None:
    database = await Database.open(orders.database_url, name="verdicts")
    writer = EventWriter(database)
    clients = {
        name: ServiceClient(name, url, authorization=orders.authorization.encode) for name, url in orders.urls.items()
    }
    ledger = LedgerClient(clients[LEDGER])
    deciding = Deciding(FraudClient(clients[FRAUD]), ComplianceClient(clients[COMPLIANCE]), ledger, _CLOCKS)
    stepping = Stepping(database, writer, ledger)
    reviewing = Reviewing(database, writer, deciding, stepping, _CLOCKS)
    await until_suspension(limit, Verdicts(database, deciding, stepping, reviewing).take(verdict))
    for client in clients.values():
        await client.close()
    await writer.close()
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(take, orders, verdict) for verdict in orders.verdicts)


if __name__ == "__main__":
    main()
