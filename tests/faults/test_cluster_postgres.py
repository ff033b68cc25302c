"""The embedded server under the supervisor: killed, placed where its user can reach it, kept, and removed."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import asyncpg

from tests.support.clusters import eventually
from tests.support.databases_alone import LEDGER, Platform, notes, private_home, remember, running
from tests.support.postgres import Server
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.cluster.postgres.access import read_accesses
from waqiti.operations.cluster.postgres.place import recorded_place

__all__ = ["private_home"]


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
