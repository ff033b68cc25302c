"""What each deployment really holds on the server beside its pools is what its limit was made for."""

import asyncio

import asyncpg
import msgspec

from tests.support.clusters import eventually
from tests.support.platform import Platform
from tests.support.switching import switched
from tests.support.traffic import Traffic
from waqiti.client import Client
from waqiti.contracts.catalog import DEPLOYMENTS, PAYMENT
from waqiti.operations.cluster.postgres.access import PostgresAdmin, reader_role, runtime_role
from waqiti.operations.cluster.postgres.limits import NEEDS, Limits, default_pool_max, replica_connections
from waqiti.operations.state.layout import Layout

# A pool's connections are called by its name alone, every other one by what it is for as well.
HELD = """
SELECT usename, count(*) FILTER (WHERE application_name LIKE '% %') AS beside_pools, count(*) AS held
FROM pg_stat_activity
WHERE usename IS NOT NULL AND application_name NOT LIKE 'waqiti %' AND application_name NOT LIKE '% probe'
GROUP BY usename
"""
LIMITS = "SELECT rolname, rolconnlimit FROM pg_roles"


def asked(platform: Platform, query: str) -> list[asyncpg.Record]:
    admin = msgspec.json.decode(Layout(platform.state).postgres_admin.read_bytes(), type=PostgresAdmin)

    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(admin.url, server_settings={"application_name": "waqiti test"})
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_replicas_hold_beside_their_pools_exactly_what_is_counted_for_them(platform: Platform, client: Client) -> None:
    owners = {row.name: row.database for row in DEPLOYMENTS if row.database is not None}
    counted = {runtime_role(database): NEEDS[name].api + NEEDS[name].worker for name, database in owners.items()}

    def beside_pools() -> dict[str, int]:
        held = {row["usename"]: row["beside_pools"] for row in asked(platform, HELD)}
        return {role: held.get(role, 0) for role in counted}

    with Traffic(client) as traffic:
        traffic.wait_for(100)
        eventually(lambda: beside_pools() == counted, "what is counted is held")
        held = {row["usename"]: row["held"] for row in asked(platform, HELD)}

    for row in DEPLOYMENTS:
        if row.database is not None:
            assert held[runtime_role(row.database)] <= replica_connections(row, default_pool_max())
            assert held.get(reader_role(row.database), 0) <= NEEDS[row.name].readers


def test_the_server_enforces_the_limits_that_the_start_wrote_down(platform: Platform) -> None:
    written = msgspec.json.decode(Layout(platform.state).connection_limits.read_bytes(), type=Limits)
    enforced = {row["rolname"]: row["rolconnlimit"] for row in asked(platform, LIMITS)}

    for row in DEPLOYMENTS:
        if row.database is not None:
            assert enforced[runtime_role(row.database)] == written.runtime[row.name]
        if row.database is not None and row.reads_events_of:
            assert enforced[reader_role(row.database)] == written.readers[row.name]


def test_a_pool_beyond_what_the_server_allows_is_set_all_the_same_and_said(platform: Platform) -> None:
    with switched(platform, "DB_POOL_MAX_SIZE", "40", service=PAYMENT) as document:
        (note,) = document["notes"]

    assert "payment-service with 1 replica and DB_POOL_MAX_SIZE 40 may hold 170 connections" in note
    assert document["replicas"]
