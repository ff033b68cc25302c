"""fraud-service with the event log of a payment-service that tests write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import House
from waqiti.contracts.catalog import FRAUD, PAYMENT


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of fraud-service and of the producer that it follows."""
    return House(tmp_path, fresh_database, (FRAUD, PAYMENT))
