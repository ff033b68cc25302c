"""A migrated database per integration test: one template per deployment and run, copied for each test."""

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from tests.support.postgres import Server, exclusive
from tests.support.running import TestRun
from waqiti.contracts.catalog import DEPLOYMENTS, Deployment, deployment
from waqiti.foundation.database.migrations import migrate
from waqiti.operations.cluster.postgres.access import (
    database_url,
    login_roles,
    migrator_role,
    reader_role,
    runtime_role,
)
from waqiti.operations.cluster.postgres.migrating import packages_of
from waqiti.operations.cluster.postgres.provisioning import provision

ADMIN_TIMEOUT_SECONDS: Final = 60.0

Result = TypeVar("Result")


class FreshDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """A database of one test: ``url`` for the service's own role, the others for who owns, rules or reads it."""

    name: str
    url: str
    migrator_url: str
    admin_url: str
    reader_urls: dict[str, str]

    def reader_url(self, consumer: str) -> str:
        """Return the address with which the deployment ``consumer`` reads this database's event log."""
        return self.reader_urls[consumer]


class Databases:
    """Makes templates and databases on the run's server, from a thread of its own, so that any test may call it."""

    def __init__(self, run: TestRun, server: Server, worker: str) -> None:
        self._run = run
        self._server = server
        self._worker = worker
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        self._made: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="databases", daemon=True)
        self._thread.start()
        self._admin = self._wait(asyncpg.connect(server.admin_url))

    def migrated(self, name: str) -> FreshDatabase:
        """Make a database for the deployment ``name``, with all its migrations applied."""
        of = deployment(name)
        assert of.database is not None, f"{name} has no database"
        if name not in self._templates:
            self._templates[name] = self._template(of, of.database)
        return self._copy(self._templates[name], of.database)

    def empty(self) -> FreshDatabase:
        """Make a database without anything in it; all its addresses are the superuser's."""
        name = self._fresh_name("empty")
        self._wait(self._admin.execute(f'CREATE DATABASE "{name}"'))
        self._made.append(name)
        url = self._server.url(name)
        return FreshDatabase(name=name, url=url, migrator_url=url, admin_url=url, reader_urls={})

    def drop_made(self) -> None:
        """Drop what the test that has ended made; connections that it left open are closed."""
        while self._made:
            self._wait(self._admin.execute(f'DROP DATABASE "{self._made.pop()}" WITH (FORCE)'))

    def close(self) -> None:
        self._wait(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _template(self, of: Deployment, database: str) -> str:
        template = f"waqiti_test_{self._run.token}_{of.name.replace('-', '_')}"
        with exclusive(self._run.path / "templates.lock"):
            marker = self._run.path / f"{template}.made"
            if not marker.exists():
                self._wait(self._make_template(template, of, database))
                marker.touch()
        return template

    async def _make_template(self, template: str, of: Deployment, database: str) -> None:
        passwords = {role: self._password(role) for role in login_roles(DEPLOYMENTS)}
        await provision(self._server.admin_url, DEPLOYMENTS, passwords)
        owner = migrator_role(database)
        await self._admin.execute(f'CREATE DATABASE "{template}" OWNER "{owner}"')
        await migrate(self._url(template, owner), packages_of(of))

    def _copy(self, template: str, database: str) -> FreshDatabase:
        name, owner = self._fresh_name(database), migrator_role(database)
        self._wait(self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER "{owner}"'))
        self._made.append(name)
        return FreshDatabase(
            name=name,
            url=self._url(name, runtime_role(database)),
            migrator_url=self._url(name, owner),
            admin_url=self._server.url(name),
            reader_urls={
                of.name: self._url(name, reader_role(of.database))
                for of in DEPLOYMENTS
                if of.database is not None and of.reads_events_of
            },
        )

    def _fresh_name(self, kind: str) -> str:
        return f"waqiti_test_{self._run.token}_{kind.removeprefix('waqiti_')}_{self._worker}_{next(self._numbers)}"

    def _url(self, database: str, user: str) -> str:
        return database_url(self._server.admin_url, database, user, self._password(user))

    def _password(self, role: str) -> str:
        # The same for concurrent runs on one outside server, and known only to who knows its superuser's.
        return hashlib.sha256(f"{self._server.admin_url} {role}".encode()).hexdigest()[:32]

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=ADMIN_TIMEOUT_SECONDS)


def drop_all(run: TestRun) -> None:
    """Drop what a run left on an outside server."""
    assert run.outside_server_url is not None

    async def drop(url: str) -> None:
        admin = await asyncpg.connect(url)
        left = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
        for row in await admin.fetch(left, f"waqiti_test_{run.token}_"):
            await admin.execute(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')
        await admin.close()

    asyncio.run(drop(run.outside_server_url))
