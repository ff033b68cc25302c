"""Migrating a real database."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.support.databases import FreshDatabase
from waqiti.contracts.catalog import LEDGER, deployment
from waqiti.foundation.database.migrations import SHARED_PACKAGES, MigrationError, migrate
from waqiti.operations.cluster.postgres.migrating import migrate_all
from waqiti.operations.errors import ClusterError

Empty = Callable[[], FreshDatabase]

PACKAGE = "migrated_package"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The migrations folder of a package that this test brings along."""
    migrations = tmp_path / PACKAGE / "migrations"
    migrations.mkdir(parents=True)
    (tmp_path / PACKAGE / "__init__.py").touch()
    (migrations / "0001_coins.sql").write_text("CREATE TABLE coins (n integer); INSERT INTO coins VALUES (1);")
    monkeypatch.syspath_prepend(tmp_path)
    yield migrations
    sys.modules.pop(PACKAGE, None)


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_each_file_runs_once_and_later_ones_follow(empty_database: Empty, folder: Path) -> None:
    url = empty_database().url
    assert await migrate(url, [PACKAGE]) == [f"{PACKAGE}/0001_coins.sql"]
    assert await migrate(url, [PACKAGE]) == []
    (folder / "0002_more.sql").write_text("INSERT INTO coins VALUES (2)")
    assert await migrate(url, [PACKAGE]) == [f"{PACKAGE}/0002_more.sql"]
    assert await fetch(url, "SELECT sum(n) FROM coins") == 3


async def test_many_starting_at_once_migrate_once(empty_database: Empty, folder: Path) -> None:
    url = empty_database().url
    done = await asyncio.gather(*[migrate(url, [*SHARED_PACKAGES, PACKAGE]) for _ in range(8)])
    assert sorted(map(len, done)) == [0] * 7 + [len(SHARED_PACKAGES) + 1]
    assert await fetch(url, "SELECT count(*) FROM coins") == 1


async def test_a_file_that_fails_leaves_nothing_behind(empty_database: Empty, folder: Path) -> None:
    url = empty_database().url
    (folder / "0002_broken.sql").write_text("INSERT INTO coins VALUES (2); SELECT no_such_function()")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await migrate(url, [PACKAGE])
    assert await fetch(url, "SELECT count(*) FROM coins") == 1
    (folder / "0002_broken.sql").write_text("INSERT INTO coins VALUES (2)")
    assert await migrate(url, [PACKAGE]) == [f"{PACKAGE}/0002_broken.sql"]
    assert await fetch(url, "SELECT count(*) FROM coins") == 2


async def test_a_changed_file_and_a_missing_file_are_refused(empty_database: Empty, folder: Path) -> None:
    url = empty_database().url
    await migrate(url, [PACKAGE])
    (folder / "0001_coins.sql").write_text("CREATE TABLE coins (n bigint)")
    with pytest.raises(MigrationError, match="was changed"):
        await migrate(url, [PACKAGE])
    (folder / "0001_coins.sql").unlink()
    with pytest.raises(MigrationError, match="is gone"):
        await migrate(url, [PACKAGE])


async def test_a_state_of_another_commit_is_refused_and_what_removes_it_is_said(
    empty_database: Empty, folder: Path
) -> None:
    url = empty_database().url
    await migrate(url, [PACKAGE])
    (folder / "0001_coins.sql").write_text("CREATE TABLE coins (n bigint)")
    own = msgspec.structs.replace(deployment(LEDGER), package=PACKAGE)
    with pytest.raises(ClusterError, match=r"0001_coins\.sql was changed .* waqiti down --wipe removes this one"):
        await migrate_all([own], {LEDGER: url})


async def test_a_misnamed_file_and_a_number_used_twice_are_refused(empty_database: Empty, folder: Path) -> None:
    url = empty_database().url
    (folder / "0001_notes.sql").touch()
    with pytest.raises(MigrationError, match=r"0001_notes\.sql"):
        await migrate(url, [PACKAGE])
    (folder / "0001_notes.sql").rename(folder / "2-notes.sql")
    with pytest.raises(MigrationError, match=r"2-notes\.sql"):
        await migrate(url, [PACKAGE])
    assert await fetch(url, "SELECT to_regclass('coins')") is None


async def test_readers_may_read_the_log_and_write_offsets_and_no_more(empty_database: Empty) -> None:
    """Privileges are shown on roles of the server; what they were granted goes with the database."""
    database = empty_database()
    await migrate(database.url, ["waqiti.foundation.events"])
    admin = await asyncpg.connect(database.url)
    roles = [f"{database.name}_runtime", f"{database.name}_readers"]
    try:
        for role in roles:
            await admin.execute(f'CREATE ROLE "{role}"')
        await admin.execute("SELECT eventlog.grant_access($1, $2)", *roles)
        await admin.execute("SELECT eventlog.create_topic('sealed')")
        assert await _refused(admin, roles[1]) == {
            "eventlog.events": ["INSERT", "UPDATE", "DELETE", "TRUNCATE"],
            "eventlog.partitions": ["INSERT", "UPDATE", "DELETE", "TRUNCATE"],
            "eventlog.group_offsets": ["DELETE", "TRUNCATE"],
            "eventlog.marks": ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"],
        }
        assert await _refused(admin, roles[0]) == {
            "eventlog.events": ["UPDATE", "DELETE", "TRUNCATE"],
            "eventlog.partitions": ["INSERT", "DELETE", "TRUNCATE"],
            "eventlog.group_offsets": ["DELETE", "TRUNCATE"],
            "eventlog.marks": ["DELETE", "TRUNCATE"],
        }
    finally:
        for role in roles:
            await admin.execute(f'DROP OWNED BY "{role}"')
            await admin.execute(f'DROP ROLE "{role}"')
        await admin.close()


async def _refused(admin: "asyncpg.Connection[asyncpg.Record]", role: str) -> dict[str, list[str]]:
    tables = ("events", "partitions", "group_offsets", "marks")
    privileges = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    return {
        f"eventlog.{table}": [
            privilege
            for privilege in privileges
            if not await admin.fetchval("SELECT has_table_privilege($1, $2, $3)", role, f"eventlog.{table}", privilege)
        ]
        for table in tables
    }
