"""Who may reach which database: the names of the roles, and the addresses that each deployment is given."""

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from waqiti.contracts.catalog import Deployment
from waqiti.operations.state.files import read_document, write_document
from waqiti.operations.state.layout import Layout

OPS_ROLE: Final = "waqiti_ops"
_LONGEST_SOCKET_PATH: Final = 107
"""In bytes: ``sun_path`` of unix(7), with the zero at its end."""


class PostgresAdmin(msgspec.Struct, frozen=True, kw_only=True):
    """The server's administrator, as kept in ``<state>/secrets/postgres.json``."""

    user: str
    password: str
    host: str
    port: int
    url: str


class DatabaseAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment's addresses: its database as the service and as the owner, its producers' event logs by name."""

    runtime: str
    migrator: str
    events: dict[str, str] = {}


def runtime_role(database: str) -> str:
    """Return the role that the service connects as; it is called like its database."""
    return database


def migrator_role(database: str) -> str:
    """Return the role that owns the database and its tables."""
    return f"{database}_migrator"


def events_role(database: str) -> str:
    """Return the group role that may read the event log of a database."""
    return f"{database}_events"


def reader_role(database: str) -> str:
    """Return the role that a consumer, by the name of its own database, reads other services' events as."""
    return f"{database}_reader"


def login_roles(deployments: Iterable[Deployment]) -> list[str]:
    """List every role that connects, each with a password of its own."""
    roles = [OPS_ROLE]
    for deployment in deployments:
        if deployment.database is not None:
            roles += [runtime_role(deployment.database), migrator_role(deployment.database)]
            roles += [reader_role(deployment.database)] if deployment.reads_events_of else []
    return roles


def kept_passwords(layout: Layout, roles: Iterable[str]) -> dict[str, str]:
    """Return a password per role: the ones in ``<state>/secrets``, random ones for roles that are new."""
    passwords = read_document(layout.passwords, dict[str, str]) or {}
    missing = [role for role in roles if role not in passwords]
    if missing:
        passwords |= {role: secrets.token_urlsafe(24) for role in missing}
        write_document(layout.passwords, passwords)
    return passwords


def accesses(
    admin_url: str, deployments: Iterable[Deployment], passwords: Mapping[str, str]
) -> dict[str, DatabaseAccess]:
    """Return the addresses of every deployment that has a database, on the server of ``admin_url``."""
    databases = {row.name: row.database for row in deployments if row.database is not None}
    producers = {row.name: row.reads_events_of for row in deployments}

    def address(database: str, role: str) -> str:
        return database_url(admin_url, database, role, passwords[role])

    return {
        name: DatabaseAccess(
            runtime=address(database, runtime_role(database)),
            migrator=address(database, migrator_role(database)),
            events={of: address(databases[of], reader_role(database)) for of in producers[name]},
        )
        for name, database in databases.items()
    }


def database_url(admin_url: str, database: str, user: str, password: str) -> str:
    """Return the address of a database for a user, on the server of ``admin_url``; its options are kept."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}", path=f"/{database}"))


def over_socket(access: DatabaseAccess, directory: Path) -> DatabaseAccess:
    """Return the addresses of the same databases through the server's socket in ``directory``.

    A message over it costs about half of one over the loopback interface. Where the socket's path is too long for one,
    the addresses stay as they are.
    """

    def through(url: str) -> str:
        parts = urlsplit(url)
        if len(os.fsencode(directory / f".s.PGSQL.{parts.port}")) > _LONGEST_SOCKET_PATH:
            return url
        login, query = parts.netloc.rpartition("@")[0], urlencode({"host": str(directory), "port": parts.port})
        return urlunsplit(parts._replace(netloc=f"{login}@", query=query))

    events = {producer: through(url) for producer, url in access.events.items()}
    return DatabaseAccess(runtime=through(access.runtime), migrator=access.migrator, events=events)


def read_accesses(layout: Layout) -> dict[str, DatabaseAccess]:
    """Return every deployment's addresses as the last start wrote them."""
    return read_document(layout.databases, dict[str, DatabaseAccess]) or {}


def operations_url(layout: Layout, database: str) -> str | None:
    """Return the address of a database for operations' own role; None where no server was ever prepared here.

    Raises:
        ClusterError: a state file cannot be read.
    """
    server = read_document(layout.postgres_admin, PostgresAdmin)
    passwords = read_document(layout.passwords, dict[str, str]) or {}
    if server is None or OPS_ROLE not in passwords:
        return None
    return database_url(server.url, database, OPS_ROLE, passwords[OPS_ROLE])
