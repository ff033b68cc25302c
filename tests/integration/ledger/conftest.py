"""ledger-service on its own; whatever a test moved is proved when its ledger closes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal

import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import House
from tests.support.ledger_desk import LedgerDesk, open_ledger_desk
from waqiti.contracts.catalog import LEDGER

OpenLedger = Callable[..., AbstractAsyncContextManager[LedgerDesk]]


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """The ledger's database, and credentials."""
    return House(tmp_path, fresh_database, (LEDGER,))


@pytest.fixture
def open_ledger(house: House) -> OpenLedger:
    """``async with open_ledger() as ledger``: the service without its sweepers; the books are proved at the end."""

    def opened(
        replicas: int = 1, role: Literal["api", "worker"] | None = "api"
    ) -> AbstractAsyncContextManager[LedgerDesk]:
        return open_ledger_desk(house, replicas=replicas, role=role)

    return opened
