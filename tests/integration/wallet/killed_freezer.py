"""Freezes wallets in processes of its own and kills each at a later suspension than the one before."""

import sys
from functools import partial
from uuid import UUID

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import COMPLIANCE, LEDGER
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.idempotency import RequestKey
from waqiti.services.wallet.usecases.accounts import Accounts
from waqiti.services.wallet.usecases.flags import FlagRequest, Flags
from waqiti.services.wallet.usecases.wallets import Wallets

ACTOR = "key_operator"
REASON = "a court order"


class Orders(msgspec.Struct, frozen=True):
    """Wallets to freeze, the n-th until its n-th suspension, and where everything is."""

    database_url: str
    urls: dict[str, str]
    authorization: str
    wallets: list[UUID]


async def freeze(orders: Orders, wallet: UUID, limit: int) -> None:
    database = await Database.open(orders.database_url, name="wallets")
    clients = {
        name: ServiceClient(name, url, authorization=orders.authorization.encode) for name, url in orders.urls.items()
    }
    ledger = LedgerClient(clients[LEDGER])
    accounts = Accounts(database, ledger)
    flags = Flags(database, ledger, Wallets(database, ledger, ComplianceClient(clients[COMPLIANCE]), accounts))
    request = RequestKey(b"freeze".ljust(32), str(wallet), bytes(32))
    asked = FlagRequest(wallet_id=wallet, action="freeze", reason=REASON, actor=ACTOR, scope="all")
    await until_suspension(limit, flags.set(request, "request", asked))
    for client in clients.values():
        await client.close()
    await database.close()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(freeze, orders, wallet) for wallet in orders.wallets)


if __name__ == "__main__":
    main()
