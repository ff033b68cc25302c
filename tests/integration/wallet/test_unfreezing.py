"""Unfreezing while others are asked: nothing is held meanwhile, and no freeze that comes in between is lost."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg

from tests.integration.wallet.conftest import ALL, visited
from tests.integration.wallet.test_customer_freezes import freeze, statuses, uuid_of
from tests.support.house import House
from waqiti.contracts.caller import Caller
from waqiti.contracts.catalog import COMPLIANCE, LEDGER, WALLET
from waqiti.contracts.compliance import ComplianceClient, CustomerFacts
from waqiti.contracts.ledger import Account, LedgerClient, SetFlags
from waqiti.contracts.wallet import FrozenWallets
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.idempotency import RequestKey
from waqiti.services.wallet.usecases.accounts import Accounts
from waqiti.services.wallet.usecases.flags import FlagRequest, Flags
from waqiti.services.wallet.usecases.wallets import Wallets


class WatchedCompliance(ComplianceClient):
    """Lends the only connection of a database while it is asked."""

    database: Database

    async def customers(self, ids: Sequence[UUID], *, timeout_seconds: float = 2.0) -> list[CustomerFacts]:
        async with self.database.transaction():
            return await super().customers(ids, timeout_seconds=timeout_seconds)


class WatchedLedger(LedgerClient):
    """Does so too, and does what is due ``meanwhile`` once the flags are set."""

    database: Database

    def __init__(self, caller: Caller, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        super().__init__(caller)
        self.meanwhile = meanwhile

    async def set_flags(self, account: UUID, flags: SetFlags, *, timeout_seconds: float = 5.0) -> Account:
        async with self.database.transaction():
            changed = await super().set_flags(account, flags, timeout_seconds=timeout_seconds)
        if self.meanwhile is not None and flags.action == "unfreeze":
            await self.meanwhile()
        return changed


@asynccontextmanager
async def watched_flags(
    house: House, addresses: Mapping[str, str], meanwhile: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[Flags]:
    """The flags with one connection, which is to be free whenever others are asked."""
    authorization = house.issuer(WALLET).authorization
    async with AsyncExitStack() as stack:
        database = await Database.open(house.databases[WALLET].url, name=WALLET, max_size=1)
        stack.push_async_callback(database.close)
        callers = [ServiceClient(name, addresses[name], authorization=authorization) for name in (LEDGER, COMPLIANCE)]
        for caller in callers:
            stack.push_async_callback(caller.close)
        ledger, compliance = WatchedLedger(callers[0], meanwhile), WatchedCompliance(callers[1])
        ledger.database = compliance.database = database
        wallets = Wallets(database, ledger, compliance, Accounts(database, ledger))
        yield Flags(database, ledger, compliance, wallets)


def unfreezing(wallet: str) -> tuple[RequestKey, str, FlagRequest]:
    """An operator's wish to unfreeze a wallet."""
    asked = FlagRequest(
        wallet_id=uuid_of("wal", wallet), action="unfreeze", reason="cleared", actor="key_operator", by_operator=True
    )
    return RequestKey(b"s" * 32, wallet, b"b" * 32), "req", asked


async def test_no_connection_is_held_while_others_are_asked_about_an_unfreeze(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(customer=customer)
        await freeze(house, addresses[WALLET], customer)
        async with watched_flags(house, addresses) as flags:
            assert (await flags.set(*unfreezing(wallet))).status == 200

        assert await statuses(bank, wallet) == ["active"]


async def test_a_freeze_that_comes_as_the_ledger_unfreezes_ends_frozen(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(customer=customer)
        await freeze(house, addresses[WALLET], customer)
        async with watched_flags(house, addresses, lambda: freeze(house, addresses[WALLET], customer)) as flags:
            assert (await flags.set(*unfreezing(wallet))).status == 409

        assert await statuses(bank, wallet) == ["frozen"]
        assert (await freeze(house, addresses[WALLET], customer)).failed == 1, "it is asked again for a while"


async def test_a_freeze_that_comes_while_a_wallet_is_being_unfrozen_is_asked_for_again(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(customer=customer)
        connection = await asyncpg.connect(house.databases[WALLET].admin_url)
        marked = "UPDATE wallets SET unfreezing_until = now() + interval '1 minute' WHERE customer_id = $1"
        await connection.execute(marked, uuid_of("cus", customer))

        assert await freeze(house, addresses[WALLET], customer) == FrozenWallets(frozen=0, failed=1, next_after=None)
        assert await statuses(bank, wallet) == ["frozen"]
        await connection.execute("UPDATE wallets SET unfreezing_until = now()")
        await connection.close()
        assert await freeze(house, addresses[WALLET], customer) == FrozenWallets(frozen=1, failed=0, next_after=None)
