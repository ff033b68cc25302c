"""notification-service over HTTP, and the event log of a payment-service that tests write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import FreshDatabase
from tests.support.house import House
from waqiti.contracts.catalog import NOTIFICATION, PAYMENT
from waqiti.services.notification.usecases import driving


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of notification-service and of the producer that it follows."""
    return House(tmp_path, fresh_database, (NOTIFICATION, PAYMENT))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is sent soon: how rarely an idle driver looks is not under test."""
    monkeypatch.setattr(driving, "POLL_SECONDS", 0.2)
