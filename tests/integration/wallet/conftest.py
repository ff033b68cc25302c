"""wallet-service among the services that it stands on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import OPERATOR_KEY, House, Visitor
from tests.support.small_service import refused_url
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT, WALLET
from waqiti.foundation.ids import decode
from waqiti.services.compliance.service import SERVICE as COMPLIANCE_SERVICE
from waqiti.services.fraud.service import SERVICE as FRAUD_SERVICE
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE
from waqiti.services.wallet.worker import loops

ALL = (LEDGER_SERVICE, COMPLIANCE_SERVICE, FRAUD_SERVICE, WALLET_SERVICE)
_numbers = count(1)


class Bank(msgspec.Struct, frozen=True):
    """Running services, and who visits them."""

    house: House
    wallets: Visitor
    customers: Visitor
    internal: Visitor

    async def customer(self, name: str | None = None) -> str:
        """Onboard somebody and return the id."""
        answer = await self.customers.post(
            "/v1/customers", {"name": name or f"Person {next(_numbers)}", "country": "DE"}
        )
        assert answer.status == 201, answer
        identifier: str = answer.document()["id"]
        return identifier

    async def wallet(self, funds: int = 0, currency: str = "EUR", customer: str | None = None) -> str:
        """Open a wallet with money in it and return its id."""
        body = {"customer_id": customer or await self.customer(), "currency": currency}
        answer = await self.wallets.post("/v1/wallets", body)
        assert answer.status == 201, answer
        identifier: str = answer.document()["id"]
        if funds:
            deposit = await self.deposit(identifier, funds, currency=currency)
            assert deposit["status"] == "settled", deposit
        return identifier

    async def deposit(self, wallet: str, amount: int, reference: str | None = None, currency: str = "EUR") -> Any:
        """Pay in, wait until it is decided, and return the deposit."""
        return await self._moved("deposits", wallet, amount, reference, currency)

    async def withdraw(self, wallet: str, amount: int, reference: str | None = None, currency: str = "EUR") -> Any:
        """Pay out, wait until it is decided, and return the withdrawal."""
        return await self._moved("withdrawals", wallet, amount, reference, currency)

    async def balance(self, wallet: str) -> tuple[int, int, int]:
        """Return what is posted, held and available."""
        balance = (await self.wallets.get(f"/v1/wallets/{wallet}/balance")).document()
        return balance["posted"], balance["held"], balance["available"]

    async def system_balance(self, kind: str, currency: str = "EUR") -> int:
        """Return what a system account owes (suspense) or has (rail)."""
        connection = await asyncpg.connect(self.house.databases[LEDGER].admin_url)
        found = await connection.fetchval(
            "SELECT abs(posted_credits - posted_debits) FROM ledger.accounts WHERE kind = $1 AND currency = $2",
            kind,
            currency,
        )
        await connection.close()
        return int(found or 0)

    async def flag_changes(self, wallet: str) -> list[tuple[str, ...]]:
        """Return what the ledger keeps of who set flags: action, scope, reason, actor, service; oldest first."""
        connection = await asyncpg.connect(self.house.databases[LEDGER].admin_url)
        rows = await connection.fetch(
            "SELECT action, scope, reason, actor, service FROM ledger.flag_changes WHERE account_id = $1 ORDER BY id",
            decode("wal", wallet),
        )
        await connection.close()
        return [tuple(row) for row in rows]

    async def status_of(self, path: str) -> int:
        """Return the status of what wallet-service answers."""
        return (await self.wallets.get(path)).status

    async def _moved(self, what: str, wallet: str, amount: int, reference: str | None, currency: str) -> Any:
        body = movement(wallet, amount, reference, currency)
        answer = await self.wallets.post(f"/v1/{what}", body)
        assert answer.status in (201, 202), answer
        return await self.wallets.settled(f"/v1/{what}/{answer.document()['id']}")


def movement(wallet: str, amount: int, reference: str | None = None, currency: str = "EUR") -> dict[str, object]:
    """Return the body of a deposit or withdrawal."""
    body: dict[str, object] = {"wallet_id": wallet, "amount": amount, "currency": currency, "rail": "sandbox"}
    return body | ({"reference": reference} if reference is not None else {})


OpenBank = Callable[[], AbstractAsyncContextManager[Bank]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Movements go on soon: how rarely an idle worker looks is not under test."""
    monkeypatch.setattr(loops, "LONGEST_SECONDS", 0.1)


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> Iterator[House]:
    """Databases and credentials of all services; the books are proved when the test has ended."""
    house = House(tmp_path, fresh_database, (LEDGER, COMPLIANCE, FRAUD, WALLET, PAYMENT))
    yield house
    asyncio.run(house.assert_books_balance())


@pytest.fixture
def open_bank(house: House) -> OpenBank:
    """``async with open_bank() as bank``: all services."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Bank]:
        async with house.serving(ALL) as addresses:
            yield visited(house, addresses)

    return opened


def visited(house: House, addresses: dict[str, str]) -> Bank:
    """Return visitors of services at these addresses; of one that is away nobody gets an answer."""
    return Bank(
        house,
        house.client(addresses[WALLET]),
        house.client(addresses.get(COMPLIANCE) or refused_url(), OPERATOR_KEY),
        house.internal_client(addresses[WALLET], "payment-service"),
    )
