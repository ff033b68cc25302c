"""The whole platform with its databases under the supervisor, and stand-ins for its services."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.support.clusters import REPOSITORY, Cluster
from tests.support.platform import free_port
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.state.record import Plan

LEDGER = "ledger-service"


class Platform(Cluster):
    """The whole platform with its databases, but with stand-ins for its services: they start fast."""

    def __init__(self, state: Path, postgres_url: str | None = None) -> None:
        super().__init__(state)
        self._url = postgres_url
        self._gateway_port = free_port()

    def plan(self, former: Plan | None = None) -> Plan:
        real = plan_platform(self.layout, former, port=self._gateway_port, postgres_url=self._url)
        few = tuple(row for row in real.deployments if row.name in {LEDGER, "ml-service", "api-gateway"})
        return msgspec.structs.replace(real, deployments=few, serve=(sys.executable, "-m", "tests.support.standin"))

    @property
    def ledger_url(self) -> str:
        credentials = read_credentials(self.layout)
        assert credentials is not None
        return credentials.databases[LEDGER]


@pytest.fixture
def private_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that nobody else may enter; everybody may enter what is above it."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    directory = Path(tempfile.mkdtemp(prefix="waqiti-home-"))
    assert directory.stat().st_mode & 0o777 == 0o700
    yield directory
    shutil.rmtree(directory)


@contextlib.contextmanager
def running(platform: Platform) -> Iterator[Platform]:
    try:
        platform.start()
        yield platform
    finally:
        platform.wipe()


async def remember(url: str, note: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", note)
    await connection.close()


async def notes(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    found = [row["note"] for row in await connection.fetch("SELECT note FROM notes")]
    await connection.close()
    return found
