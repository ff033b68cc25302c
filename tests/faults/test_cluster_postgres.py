"""The embedded server under the supervisor: killed, placed where its user can reach it, kept, and removed."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.support.clusters import REPOSITORY, Cluster, eventually
from tests.support.platform import free_port
from tests.support.postgres import Server
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.postgres.access import read_accesses
from waqiti.operations.cluster.postgres.place import recorded_place
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


def test_a_killed_server_recovers_with_everything_although_a_query_of_its_was_running(private_home: Path) -> None:
    with running(Platform(private_home / "state")) as platform:
        migrator_url = read_accesses(platform.layout)[LEDGER].migrator
        asyncio.run(remember(migrator_url, "before the kill"))
        victim = platform.status.postgres.pid
        assert victim is not None

        asyncio.run(kill_during_a_query(platform.ledger_url, victim))
        eventually(lambda: platform.status.postgres.ready and platform.status.postgres.pid != victim, "it is back", 30)

        assert asyncio.run(notes(migrator_url)) == ["before the kill"]


async def kill_during_a_query(url: str, server_pid: int) -> None:
    connection = await asyncpg.connect(url)
    query = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.2)
    os.kill(server_pid, signal.SIGKILL)
    with contextlib.suppress(asyncpg.PostgresError, OSError):
        await asyncio.wait_for(query, 20)
    connection.terminate()


def test_data_below_a_private_home_is_kept_over_a_restart_and_removed_by_a_wipe(private_home: Path) -> None:
    platform = Platform(private_home / "state")
    with running(platform):
        place = recorded_place(platform.layout)
        assert place is not None
        # Only root's server runs as somebody else, who may not enter the home.
        assert place.outside == (os.geteuid() == 0)
        keys = read_credentials(platform.layout)
        migrator_url = read_accesses(platform.layout)[LEDGER].migrator
        asyncio.run(remember(migrator_url, "first run"))

        platform.stop()
        assert platform.status.postgres.pid is None
        platform.start()

        assert asyncio.run(notes(migrator_url)) == ["first run"]
        assert read_credentials(platform.layout) == keys

    assert not place.base.exists()
    assert not platform.layout.root.exists()
    assert private_home.stat().st_mode & 0o777 == 0o700


def test_an_outside_server_is_used_and_never_stopped(private_home: Path, postgres: Server) -> None:
    with running(Platform(private_home / "state", postgres.admin_url)) as platform:
        assert platform.status.postgres.ready
        assert platform.status.postgres.pid is None
        asyncio.run(remember(read_accesses(platform.layout)[LEDGER].migrator, "outside"))
        url = read_accesses(platform.layout)[LEDGER].migrator

    assert asyncio.run(notes(url)) == ["outside"]
    asyncio.run(drop_platform(postgres.admin_url))


async def drop_platform(admin_url: str) -> None:
    admin = await asyncpg.connect(admin_url)
    for name in ("waqiti_ledger", "waqiti_ml"):
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
