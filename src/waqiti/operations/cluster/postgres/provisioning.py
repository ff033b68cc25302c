"""Databases, roles and their limits on a PostgreSQL server (16 or newer), made where they are missing."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from waqiti.contracts.catalog import Deployment
from waqiti.foundation.database import Connection
from waqiti.operations.cluster.postgres.access import (
    OPS_ROLE,
    events_role,
    login_roles,
    migrator_role,
    reader_role,
    runtime_role,
)
from waqiti.operations.cluster.postgres.limits import Limits, limits_on
from waqiti.operations.errors import REFUSED, ClusterError

OLDEST_SERVER: Final = 16
_BUILTIN_LOCALES_SINCE: Final = 17
_LOCK_KEY: Final = 0x5761716974690002
CONNECT_SECONDS: Final = 5.0

_MIGRATOR_LIMIT: Final = 2
_OPS_LIMIT: Final = 10
_SCRAM_ITERATIONS: Final = 4096


async def provision(admin_url: str, deployments: Sequence[Deployment], passwords: Mapping[str, str]) -> Limits:
    """Make the roles and databases of ``deployments``, and set each role's password, limits and time-outs.

    ``passwords`` has one for each of ``login_roles(deployments)``. Safe to repeat, and to run twice at once. Returns
    how many connections each service may hold.

    Raises:
        ClusterError: the server is too old or allows too few connections.
    """
    connection = await asyncpg.connect(
        admin_url, timeout=CONNECT_SECONDS, server_settings={"application_name": "waqiti provision"}
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY)
        limits = limits_on(deployments, await _max_connections(connection))
        await _provision_roles(connection, deployments, passwords, limits)
        for deployment in deployments:
            if deployment.database is not None:
                await _provision_database(connection, deployment.database)
        await _grant_events(connection, deployments)
        return limits
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


_MAX_CONNECTIONS: Final = """
SELECT current_setting('max_connections')::integer, current_setting('server_version_num')::integer / 10000
"""


async def _max_connections(connection: Connection) -> int:
    connections, version = await connection.fetchrow(_MAX_CONNECTIONS)  # type: ignore[misc]  # one row, always
    if version < OLDEST_SERVER:
        raise ClusterError(f"The server is PostgreSQL {version}: use {OLDEST_SERVER} or newer", REFUSED)
    return int(connections)


_ROLES: Final = "SELECT rolname FROM pg_roles"


async def _provision_roles(
    connection: Connection, deployments: Sequence[Deployment], passwords: Mapping[str, str], limits: Limits
) -> None:
    present = {row["rolname"] for row in await connection.fetch(_ROLES)}
    for role in login_roles(deployments):
        if role not in present:
            await _define(connection, "CREATE ROLE %I", role)
        await _define(connection, "ALTER ROLE %I LOGIN PASSWORD %L", role, scram_verifier(passwords[role]))
    for deployment in deployments:
        if deployment.database is not None:
            await _provision_service_roles(connection, deployment, present, limits)
    await _define(connection, "ALTER ROLE %I CONNECTION LIMIT %s", OPS_ROLE, str(_OPS_LIMIT))
    await _define(connection, "GRANT pg_monitor, pg_signal_backend, pg_use_reserved_connections TO %I", OPS_ROLE)


async def _provision_service_roles(
    connection: Connection, deployment: Deployment, present: set[str], limits: Limits
) -> None:
    assert deployment.database is not None
    database = deployment.database
    if events_role(database) not in present:
        await _define(connection, "CREATE ROLE %I NOLOGIN", events_role(database))
    await _bound(connection, runtime_role(database), limits.runtime[deployment.name])
    if deployment.reads_events_of:
        await _bound(connection, reader_role(database), limits.readers[deployment.name])
    await _define(connection, "ALTER ROLE %I CONNECTION LIMIT %s", migrator_role(database), str(_MIGRATOR_LIMIT))


async def _bound(connection: Connection, role: str, connections: int) -> None:
    await _define(connection, "ALTER ROLE %I CONNECTION LIMIT %s", role, str(connections))
    await _define(connection, "ALTER ROLE %I SET idle_in_transaction_session_timeout = '10s'", role)
    await _define(connection, "ALTER ROLE %I SET lock_timeout = '2s'", role)


_DATABASES: Final = "SELECT datname FROM pg_database"
_NEW_DATABASE: Final = (
    "CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin "
    "BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'"
)
_NEW_DATABASE_ON_16: Final = "CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"


async def _provision_database(connection: Connection, database: str) -> None:
    owner = migrator_role(database)
    if database not in {row["datname"] for row in await connection.fetch(_DATABASES)}:
        # An administrator who is not superuser may only give a database to a role that it is a member of.
        await _define(connection, "GRANT %I TO CURRENT_USER", owner)
        builtin = connection.get_server_version().major >= _BUILTIN_LOCALES_SINCE
        await _define(connection, _NEW_DATABASE if builtin else _NEW_DATABASE_ON_16, database, owner)
    await _define(connection, "REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC", database)
    for role in (runtime_role(database), events_role(database), OPS_ROLE):
        await _define(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, role)


async def _grant_events(connection: Connection, deployments: Sequence[Deployment]) -> None:
    databases = {row.name: row.database for row in deployments}
    for consumer in deployments:
        for producer in consumer.reads_events_of:
            source, reader = databases[producer], consumer.database
            assert source is not None, f"{producer} has no database to read events from"
            assert reader is not None, f"{consumer.name} reads events and has no database to mark them in"
            await _define(connection, "GRANT %I TO %I", events_role(source), reader_role(reader))


_FORMAT: Final = "SELECT format($1, VARIADIC $2::text[])"


async def _define(connection: Connection, template: str, *arguments: str) -> None:
    """Run a definition, whose names the server itself has quoted: these statements take no parameters."""
    statement = await connection.fetchval(_FORMAT, template, list(arguments))
    await connection.execute(statement)


def scram_verifier(password: str) -> str:
    """Return what the server stores of a password (RFC 5803), so that it never sees, nor logs, the password."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_SCRAM_ITERATIONS, *encoded)
