"""compliance-service on its own, over HTTP, and with the event log of a payment-service that tests write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import House
from waqiti.contracts.catalog import COMPLIANCE, PAYMENT


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of compliance-service and of the producer that it follows."""
    return House(tmp_path, fresh_database, (COMPLIANCE, PAYMENT))
