"""A short-lived child of the supervisor: keys, roles, databases, migrations. The supervisor itself stays small.

``python -m waqiti.operations.cluster.prepare STATE`` exits 0 when all is in place; otherwise its last line on standard
error is the reason.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from waqiti.contracts.catalog import DEPLOYMENTS, Deployment
from waqiti.operations.cluster.credentials import ensure_token_keys, ensure_webhook_key, kept_keys, write_credentials
from waqiti.operations.cluster.postgres.access import (
    DatabaseAccess,
    PostgresAdmin,
    accesses,
    kept_passwords,
    login_roles,
)
from waqiti.operations.cluster.postgres.limits import Limits
from waqiti.operations.cluster.postgres.migrating import migrate_all
from waqiti.operations.cluster.postgres.provisioning import CONNECT_SECONDS, provision
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import read_document, write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import InitRecord, Plan, read_init, read_plan

_SERVER_SECONDS: Final = 90.0
# One that is not ours is not started by us either.
_OUTSIDE_SECONDS: Final = 15.0
_RETRY_SECONDS: Final = 0.1


async def prepare(layout: Layout) -> None:
    """Make everything that the deployments need before they start.

    Raises:
        ClusterError: it cannot be made; the sentence says why.
    """
    plan, init = read_plan(layout), read_init(layout)
    assert plan is not None
    assert init is not None
    planned = {row.name for row in plan.deployments}
    deployments = [row for row in DEPLOYMENTS if row.name in planned]
    ensure_token_keys(layout, [row.name for row in deployments])
    ensure_webhook_key(layout)
    outside = plan.postgres is not None and plan.postgres.url is not None
    admin_url = await _wait_for_server(layout, _OUTSIDE_SECONDS if outside else _SERVER_SECONDS)
    granted = await _prepare_databases(layout, admin_url, deployments, ours=not outside)
    _publish(layout, plan, init, granted)


async def _prepare_databases(
    layout: Layout, admin_url: str, deployments: Sequence[Deployment], *, ours: bool
) -> dict[str, DatabaseAccess]:
    is_first = not layout.databases.exists()
    passwords = kept_passwords(layout, login_roles(deployments))
    write_document(layout.connection_limits, await provision_server(admin_url, deployments, passwords))
    granted = accesses(admin_url, deployments, passwords)
    write_document(layout.databases, granted)
    with_database = [row for row in deployments if row.database is not None]
    async with AsyncExitStack() as stack:
        if ours and is_first:
            await stack.enter_async_context(_checkpoint(admin_url))
        await migrate_all(with_database, {name: access.migrator for name, access in granted.items()})
    return granted


@asynccontextmanager
async def _checkpoint(admin_url: str) -> AsyncIterator[None]:
    """Have the thousands of files of new databases written down meanwhile: else the first stop would wait for them.

    The server goes on with it when we are gone.
    """
    connection = await asyncpg.connect(admin_url, timeout=CONNECT_SECONDS)
    asked = asyncio.create_task(connection.execute("CHECKPOINT"))
    try:
        yield
    finally:
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        connection.terminate()


async def provision_server(admin_url: str, deployments: Sequence[Deployment], passwords: Mapping[str, str]) -> Limits:
    """Make roles and databases; return how many connections each role may hold.

    Raises:
        ClusterError: the server is too old or too small, or its administrator lacks a right.
    """
    try:
        return await provision(admin_url, deployments, passwords)
    except asyncpg.InsufficientPrivilegeError as error:
        raise ClusterError(
            f"PostgreSQL's administrator {urlsplit(admin_url).username} lacks a right ({error.args[0]}): give a "
            "superuser's address, or one with CREATEDB, CREATEROLE and the ADMIN OPTION on pg_monitor, "
            "pg_signal_backend and pg_use_reserved_connections"
        ) from error


async def _wait_for_server(layout: Layout, seconds: float) -> str:
    """Return the administrator's URL once it opens a session: a starting or recovering server is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        admin = read_document(layout.postgres_admin, PostgresAdmin)
        try:
            if admin is not None:
                await _try(admin.url)
                return admin.url
            failure = "its address is not known yet"
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, TimeoutError) as error:
            failure = str(error) or type(error).__name__
        except asyncpg.PostgresError as error:
            raise ClusterError(f"PostgreSQL refuses its administrator: {error}") from error
        if time.monotonic() > deadline:
            raise ClusterError(f"PostgreSQL did not answer within {seconds:g} s: {failure}")
        await asyncio.sleep(_RETRY_SECONDS)


async def _try(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    await connection.close()


def _publish(layout: Layout, plan: Plan, init: InitRecord, granted: Mapping[str, DatabaseAccess]) -> None:
    write_credentials(
        layout,
        kept_keys(layout),
        base_url=plan.base_url,
        services={name: f"http://127.0.0.1:{port}" for name, port in init.ports.items()},
        databases={name: access.runtime for name, access in granted.items()},
    )


def main(state: str) -> int:
    """Prepare, and say in one line why that failed where it did."""
    try:
        asyncio.run(prepare(Layout(Path(state))))
    except (ClusterError, OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
