"""Servers of somebody else's: what they cannot do is one sentence."""

import asyncpg
import pytest

from tests.support.postgres import Server
from waqiti.contracts.catalog import DEPLOYMENTS
from waqiti.operations.cluster.postgres import provisioning
from waqiti.operations.cluster.postgres.access import database_url, login_roles
from waqiti.operations.cluster.prepare import provision_server
from waqiti.operations.errors import ClusterError

PASSWORDS = dict.fromkeys(login_roles(DEPLOYMENTS), "unused")


async def test_an_administrator_without_the_rights_is_told_which(postgres: Server) -> None:
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute("DROP ROLE IF EXISTS clerk")
    await admin.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk'")
    try:
        with pytest.raises(ClusterError, match=r"administrator clerk lacks a right .* CREATEDB, CREATEROLE") as refused:
            await provision_server(
                database_url(postgres.admin_url, "postgres", "clerk", "clerk"), DEPLOYMENTS, PASSWORDS
            )
    finally:
        await admin.execute("DROP ROLE clerk")
        await admin.close()

    assert "\n" not in str(refused.value)


async def test_a_server_that_is_too_old_is_refused(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "OLDEST_SERVER", 99)

    with pytest.raises(ClusterError, match=r"The server is PostgreSQL \d\d: use 99 or newer") as refused:
        await provision_server(postgres.admin_url, DEPLOYMENTS, PASSWORDS)

    assert refused.value.exit_code == 3
