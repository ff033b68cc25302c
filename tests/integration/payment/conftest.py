"""payment-service with the real ledger beside it, and with others that decide as a test wants."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.databases import FreshDatabase
from tests.support.deciders import Deciders
from tests.support.desk import Desk, open_desk
from tests.support.house import House
from waqiti.contracts.catalog import LEDGER, PAYMENT

OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> Iterator[House]:
    """Databases and credentials; the books are proved when the test has ended."""
    house = House(tmp_path, fresh_database, (LEDGER, PAYMENT))
    yield house
    asyncio.run(house.assert_books_balance())


@pytest.fixture
def deciders() -> Deciders:
    """What fraud-service, compliance-service and wallet-service say."""
    return Deciders()


@pytest.fixture
def open_payments(house: House, deciders: Deciders) -> OpenDesk:
    """``async with open_payments() as desk``: all of it."""

    def opened(**settings: str) -> AbstractAsyncContextManager[Desk]:
        return open_desk(house, deciders, settings)

    return opened
