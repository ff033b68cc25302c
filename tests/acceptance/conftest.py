"""One platform for the whole run; every test brings customers of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import People
from tests.support.platform import Platform, free_port
from tests.support.raw import RawClient
from tests.support.running import TEST_RUN
from waqiti.client import Client


@pytest.fixture(scope="session")
def platform(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running platform; its books are proved when the last test is done."""
    outside = pytestconfig.stash[TEST_RUN].outside_server_url
    running = Platform(Path(tmp_path_factory.mktemp("platform")) / "state", free_port(), postgres_url=outside)
    running.up()
    try:
        yield running
        assert running.verify_books()["balanced"] is True
    finally:
        running.down(wipe=True)


@pytest.fixture(scope="session")
def client(platform: Platform) -> Iterator[Client]:
    """A client with the key of an ordinary user."""
    credentials = platform.credentials
    with Client(credentials.base_url, credentials.api_key) as connected:
        yield connected


@pytest.fixture(scope="session")
def operator(platform: Platform) -> Iterator[Client]:
    """A client with the key of an operator."""
    credentials = platform.credentials
    with Client(credentials.base_url, credentials.operator_key) as connected:
        yield connected


@pytest.fixture
def raw(platform: Platform) -> RawClient:
    """Sends requests that no well-behaved client would."""
    credentials = platform.credentials
    return RawClient(credentials.base_url, credentials.api_key)


@pytest.fixture
def people(client: Client) -> People:
    """Makes customers with wallets and money."""
    return People(client)
