"""The registry over HTTP, and the database of fraud-service for those who follow it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import House
from waqiti.contracts.catalog import FRAUD, ML


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of ml-service and fraud-service."""
    return House(tmp_path, fresh_database, (ML, FRAUD))
