"""Freezes wallets and customers in processes of its own and kills each at a later suspension than the one before."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import COMPLIANCE, LEDGER, WALLET
from waqiti.contracts.compliance import ComplianceClient
from waqiti.contracts.ledger import LedgerClient
from waqiti.contracts.wallet import WalletClient
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.idempotency import RequestKey
from waqiti.services.compliance.store import freezes as asked_freezes
from waqiti.services.compliance.usecases.freezes import Freezes as FreezesAsked
from waqiti.services.wallet.domain.wallets import CustomerFreeze
from waqiti.services.wallet.usecases.accounts import Accounts
from waqiti.services.wallet.usecases.flags import FlagRequest, Flags
from waqiti.services.wallet.usecases.freezes import Freezes
from waqiti.services.wallet.usecases.wallets import Wallets

ACTOR = "key_operator"
REASON = "a court order"


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What to freeze, the n-th until its n-th suspension, and where everything is.

    ``wallet``: wallets, as a client asks; ``customer``: customers, as compliance-service asks of wallet-service;
    ``blocked``: customers, as compliance-service's worker does.
    """

    what: Literal["wallet", "customer", "blocked"]
    ids: list[UUID]
    database_url: str
    urls: dict[str, str]
    authorization: str


class Place(msgspec.Struct, frozen=True):
    """A database, and the clients of services by name."""

    database: Database
    clients: dict[str, ServiceClient]


@asynccontextmanager
async def opened(orders: Orders) -> AsyncIterator[Place]:
    database = await Database.open(orders.database_url, name="freezer")
    clients = {
        name: ServiceClient(name, url, authorization=orders.authorization.encode) for name, url in orders.urls.items()
    }
    yield Place(database, clients)
    for client in clients.values():
        await client.close()
    await database.close()


async def freeze_wallet(orders: Orders, wallet: UUID, limit: int) -> None:
    async with opened(orders) as place:
        ledger, compliance = LedgerClient(place.clients[LEDGER]), ComplianceClient(place.clients[COMPLIANCE])
        wallets = Wallets(place.database, ledger, compliance, Accounts(place.database, ledger))
        request = RequestKey(b"freeze".ljust(32), str(wallet), bytes(32))
        asked = FlagRequest(wallet_id=wallet, action="freeze", reason=REASON, actor=ACTOR, scope="all")
        await until_suspension(limit, Flags(place.database, ledger, compliance, wallets).set(request, "request", asked))


async def freeze_customer(orders: Orders, customer: UUID, limit: int) -> None:
    async with opened(orders) as place:
        ledger = LedgerClient(place.clients[LEDGER])
        freezes = Freezes(place.database, ledger, Accounts(place.database, ledger))
        freeze = CustomerFreeze(customer_id=customer, reason=REASON, actor=ACTOR)
        await until_suspension(limit, freezes.freeze(freeze, None))


async def freeze_blocked(orders: Orders, customer: UUID, limit: int) -> None:
    async with opened(orders) as place:
        async with place.database.transaction() as connection:
            await asked_freezes.ask(connection, customer)
        await until_suspension(limit, FreezesAsked(place.database, WalletClient(place.clients[WALLET])).drive())


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    work = {"wallet": freeze_wallet, "customer": freeze_customer, "blocked": freeze_blocked}[orders.what]
    fork_each(partial(work, orders, identifier) for identifier in orders.ids)


if __name__ == "__main__":
    main()
