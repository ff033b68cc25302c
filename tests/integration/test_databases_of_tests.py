"""What the other integration tests stand on."""

from collections.abc import Callable

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.databases import FreshDatabase

Empty = Callable[[], FreshDatabase]
Fresh = Callable[[str], FreshDatabase]


@pytest.mark.parametrize("attempt", range(2))
async def test_a_database_holds_nothing_of_another_test(empty_database: Empty, attempt: int) -> None:
    connection = await asyncpg.connect(empty_database().url)
    await connection.execute("CREATE TABLE mark (n int)")
    assert await connection.fetchval("SELECT count(*) FROM mark") == 0
    await connection.close()


async def test_a_fresh_database_is_migrated_and_belongs_to_its_migrator(fresh_database: Fresh) -> None:
    connection = await asyncpg.connect(fresh_database("ledger-service").migrator_url)
    owned = await connection.fetchval(
        "SELECT count(*) FROM pg_tables WHERE tableowner <> CURRENT_USER AND schemaname = 'public'"
    )
    assert owned == 0
    assert await connection.fetchval("SELECT count(*) FROM schema_migrations") > 0
    await connection.close()


async def test_a_service_connects_as_a_role_that_owns_nothing(fresh_database: Fresh) -> None:
    connection = await asyncpg.connect(fresh_database("ledger-service").url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE mine (n int)")
    await connection.close()


async def test_a_consumer_may_read_events_and_not_write_them(fresh_database: Fresh) -> None:
    connection = await asyncpg.connect(fresh_database("payment-service").reader_url("compliance-service"))
    assert await connection.fetchval("SELECT count(*) FROM eventlog.events") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM eventlog.events")
    await connection.close()


@given(number=st.integers(min_value=0, max_value=9))
async def test_a_property_may_be_a_coroutine(number: int) -> None:
    assert number < 10
