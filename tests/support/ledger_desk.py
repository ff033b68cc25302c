"""ledger-service on real sockets, as one replica or several over one database, and what tests ask of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import asyncpg

from tests.support.house import House, Visitor
from tests.support.ledger_batches import transfer
from waqiti.contracts.catalog import LEDGER, PAYMENT
from waqiti.contracts.ledger import (
    Account,
    EntriesQuery,
    Entry,
    LedgerClient,
    OpenAccount,
    SetFlags,
    Transfer,
    TransferResult,
    system_account_id,
    system_accounts,
)
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id
from waqiti.services.ledger.service import SERVICE
from waqiti.services.ledger.usecases.verify import verify

RAIL: Final = system_account_id("rail", "EUR")
FEES: Final = system_account_id("fees", "EUR")
TIMEOUT_SECONDS: Final = 10.0

Found = TypeVar("Found")


class LedgerDesk:
    """Clients of the replicas, and the database beneath them."""

    def __init__(self, house: House, addresses: Sequence[str], callers: Sequence[ServiceClient]) -> None:
        self.house = house
        self.addresses = addresses
        self.replicas = [LedgerClient(caller) for caller in callers]

    @property
    def ledger(self) -> LedgerClient:
        """The first replica."""
        return self.replicas[0]

    def visitor(self, caller: str = PAYMENT) -> Visitor:
        """Return who calls the first replica in the name of ``caller`` and reads answers as they come."""
        return self.house.internal_client(self.addresses[0], caller)

    # -- accounts

    async def wallet(self, funds: int = 0, *, minimum: int | None = 0, currency: str = "EUR") -> UUID:
        """Open a wallet's account with money in it and return its id."""
        wallet = OpenAccount(id=new_id(), kind="wallet", currency=currency, minimum=minimum)
        await self.ledger.open_accounts([*system_accounts(currency), wallet])
        if funds:
            await self.fund(wallet.id, funds, currency)
        return wallet.id

    async def fund(self, wallet: UUID, funds: int, currency: str = "EUR") -> TransferResult:
        """Pay in."""
        rail = system_account_id("rail", currency)
        result = await self.one(transfer(rail, wallet, funds, purpose="deposit", currency=currency))
        assert result.outcome == "posted", result
        return result

    async def account(self, account: UUID) -> Account:
        """Read an account."""
        (found,) = await self.ledger.accounts([account])
        return found

    async def money(self, *accounts: UUID) -> list[tuple[int, int]]:
        """Return what is posted and held on each account."""
        return [(found.posted, found.held) for found in await self.ledger.accounts(accounts)]

    async def freeze(self, account: UUID, scope: Literal["debits", "all"] = "debits") -> Account:
        """Freeze an account."""
        return await self.ledger.set_flags(
            account, SetFlags(action="freeze", scope=scope, reason="A test.", actor="key_test")
        )

    async def unfreeze(self, account: UUID) -> Account:
        """Lift a freeze."""
        return await self.ledger.set_flags(account, SetFlags(action="unfreeze", reason="A test.", actor="key_test"))

    async def close(self, account: UUID) -> Account:
        """Close an account."""
        return await self.ledger.set_flags(account, SetFlags(action="close", reason="A test.", actor="key_test"))

    async def entries(self, account: UUID) -> list[Entry]:
        """Return the entries of an account, oldest first."""
        return (await self.ledger.entries(EntriesQuery(account_id=account, limit=1_000)))[::-1]

    # -- transfers

    async def post(self, *transfers: Transfer) -> list[TransferResult]:
        """Send transfers in one batch to the first replica."""
        return await self.ledger.post(transfers)

    async def one(self, item: Transfer) -> TransferResult:
        """Send one transfer to the first replica."""
        (result,) = await self.ledger.post([item])
        return result

    async def each_alone(self, transfers: Sequence[Transfer]) -> list[TransferResult]:
        """Send every transfer in a request of its own, all at once, to the replicas in turn."""
        asks = [self.replicas[number % len(self.replicas)].post([item]) for number, item in enumerate(transfers)]
        return [result for (result,) in await asyncio.gather(*asks)]

    # -- the database, past the service

    async def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Run a statement as the database's superuser."""
        connection = await asyncpg.connect(self.house.databases[LEDGER].admin_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()


def hold(debit: UUID, credit: UUID, amount: int, **more: Any) -> Transfer:
    """A hold in EUR under a new id."""
    return transfer(debit, credit, amount, kind="hold", **more)


def capture(of: Transfer, amount: int | None = None, **more: Any) -> Transfer:
    """A capture of a hold, of all of it unless ``amount`` says otherwise."""
    return transfer(of.debit, of.credit, amount or of.amount, kind="capture", target=of.id, **more)


def void(of: Transfer, **more: Any) -> Transfer:
    """A void of a hold."""
    return transfer(of.debit, of.credit, of.amount, kind="void", target=of.id, **more)


def expire(of: Transfer, **more: Any) -> Transfer:
    """An expiry of a hold."""
    return transfer(of.debit, of.credit, of.amount, kind="expire", target=of.id, **more)


def refund(of: Transfer, amount: int, **more: Any) -> Transfer:
    """A refund of a post or capture."""
    return transfer(of.credit, of.debit, amount, purpose="refund", target=of.id, **more)


def outcomes(results: Sequence[TransferResult]) -> list[str]:
    """Return what became of each: its outcome, or the code of its refusal."""
    return [result.code or result.outcome for result in results]


async def becomes(read: Callable[[], Awaitable[Found]], wanted: Found) -> None:
    """Wait until ``read`` finds what is wanted, at most 10 s."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (found := await read()) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


@asynccontextmanager
async def open_ledger_desk(
    house: House, *, replicas: int = 1, role: Literal["api", "worker"] | None = "api"
) -> AsyncIterator[LedgerDesk]:
    """Serve it; when it closes, the books are proved."""
    async with AsyncExitStack() as stack:
        addresses, callers = [], []
        for _ in range(replicas):
            served = await stack.enter_async_context(house.serving([SERVICE], role=role))
            caller = ServiceClient(LEDGER, served[LEDGER], authorization=house.issuer(PAYMENT).authorization)
            stack.push_async_callback(caller.close)
            addresses.append(served[LEDGER])
            callers.append(caller)
        yield LedgerDesk(house, addresses, callers)
    await assert_books_are_proved(house)


async def assert_books_are_proved(house: House) -> None:
    """Assert that ``waqiti ledger verify`` finds nothing."""
    verdict = await verify(house.databases[LEDGER].url)
    assert verdict.balanced, verdict.problems
