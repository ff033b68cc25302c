"""Numbered .sql files, each run once, in one transaction, under one lock."""

import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import Connection

SHARED_PACKAGES: Final = ("waqiti.foundation.events", "waqiti.foundation.idempotency")
"""Migrated in each service's database before the service's own, which grant what the service may do with them."""

_FILE_NAME: Final = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_LOCK_KEY: Final = 0x5761716974690001
_CONNECT_TIMEOUT_SECONDS: Final = 10.0


class MigrationError(Exception):
    """The files and what was applied do not fit together; the message names the file."""


class Migration(msgspec.Struct, frozen=True):
    """One file of a package's ``migrations`` folder."""

    package: str
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        """sha256 of the file."""
        return hashlib.sha256(self.sql.encode()).digest()


async def migrate(dsn: str, packages: Sequence[str]) -> list[str]:
    """Apply what is new in ``<package>/migrations/NNNN_name.sql`` of each package, in order; return their names.

    However many processes call it at once, each file runs once: an advisory lock is waited for, up to 60 s. Objects
    belong to the role of ``dsn``.

    Raises:
        MigrationError: an applied file was changed or is gone, or a new one is numbered below an applied one.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=_CONNECT_TIMEOUT_SECONDS,
        server_settings={"lock_timeout": "60s", "application_name": "waqiti migrate"},
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY)
        await connection.execute("SET lock_timeout = '5s'")
        await _create_table(connection)
        return [name for package in packages for name in await _migrate_package(connection, package)]
    finally:
        await connection.close(timeout=_CONNECT_TIMEOUT_SECONDS)


def available(package: str) -> list[Migration]:
    """List a package's migrations in the order of their numbers.

    Raises:
        MigrationError: a file that is not called NNNN_name.sql, or a number that is used twice.
    """
    folder = resources.files(package) / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    numbers = [file.name[:4] for file in files]
    for index, file in enumerate(files):
        if _FILE_NAME.fullmatch(file.name) is None or numbers[index] in numbers[:index]:
            raise MigrationError(f"{package}/migrations/{file.name} is not the only file of its number NNNN_name.sql")
    return [Migration(package, file.name, file.read_text(encoding="utf-8")) for file in files]


async def _migrate_package(connection: "Connection", package: str) -> list[str]:
    found = available(package)
    new = pending(found, await _applied(connection, package))
    for migration in new:
        await _apply(connection, migration)
    return [f"{package}/{migration.name}" for migration in new]


def pending(found: Sequence[Migration], applied: Sequence[tuple[str, bytes]]) -> Sequence[Migration]:
    """Return the files after the applied ones (name and checksum, in order).

    Raises:
        MigrationError: the applied ones are not the first of ``found``, unchanged.
    """
    for index, (name, checksum) in enumerate(applied):
        if index >= len(found) or found[index].name > name:
            raise MigrationError(f"migration {name} was applied, but its file is gone")
        if found[index].name < name:
            raise MigrationError(f"migration {found[index].name} is new, but {name} was applied before it")
        if found[index].checksum != checksum:
            raise MigrationError(f"migration {name} was changed after it was applied")
    return found[len(applied) :]


_CREATE_TABLE: Final = """
CREATE TABLE IF NOT EXISTS public.schema_migrations (
    package    text        NOT NULL,
    name       text        NOT NULL,
    checksum   bytea       NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (package, name)
)
"""


async def _create_table(connection: "Connection") -> None:
    await connection.execute(_CREATE_TABLE)


_APPLIED: Final = "SELECT name, checksum FROM public.schema_migrations WHERE package = $1 ORDER BY name"


async def _applied(connection: "Connection", package: str) -> list[tuple[str, bytes]]:
    return [(row["name"], row["checksum"]) for row in await connection.fetch(_APPLIED, package)]


_RECORD: Final = "INSERT INTO public.schema_migrations (package, name, checksum) VALUES ($1, $2, $3)"


async def _apply(connection: "Connection", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(_RECORD, migration.package, migration.name, migration.checksum)
